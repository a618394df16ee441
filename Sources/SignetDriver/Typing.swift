internal import SharedMemory
internal import WaylandClient

extension Driver {
    /// Types a text of any characters into the window that has the keyboard, by a keyboard whose keys mean them.
    public func type(_ text: String) throws(DriverError) {
        let parts = try TextKeymap.parts(of: text)
        guard let keyboards, let seat else {
            throw .missing("the compositor offers no zwp_virtual_keyboard_manager_v1 to this user")
        }
        _ = try activeWindow()
        let keyboard = keyboards.createVirtualKeyboard(seat: seat)
        defer {
            keyboard.destroy()
            connection.flush()
        }
        for part in parts {
            try send(part.keymap, to: keyboard)
            for (index, stroke) in part.strokes.enumerated() {
                // A program that reads slowly isn't sent more than it can take.
                if index > 0, index % 32 == 0 { try settle() }
                send(stroke, to: keyboard)
            }
            try settle()
        }
    }

    private func send(_ keymap: [UInt8], to keyboard: ZwpVirtualKeyboardV1) throws(DriverError) {
        do throws(SystemError) {
            let file = try AnonymousFile.constant(name: "signet-keymap", content: keymap)
            keyboard.keymap(format: WlKeyboard.KeymapFormat.xkbV1.rawValue, fd: file, size: UInt32(keymap.count))
        } catch {
            throw .refused("there is no memory for a keymap: \(error)")
        }
    }

    private func send(_ stroke: TextKeymap.Stroke, to keyboard: ZwpVirtualKeyboardV1) {
        func key(_ code: UInt32, _ state: UInt32) { keyboard.key(time: 0, key: code, state: state) }
        func modifiers(_ mask: UInt32) {
            keyboard.modifiers(modsDepressed: mask, modsLatched: 0, modsLocked: 0, group: 0)
        }
        if stroke.isShifted {
            key(TextKeymap.shift, 1)
            modifiers(TextKeymap.shiftMask)
        }
        key(stroke.code, 1)
        key(stroke.code, 0)
        if stroke.isShifted {
            key(TextKeymap.shift, 0)
            modifiers(0)
        }
    }
}
