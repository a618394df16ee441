internal import SharedMemory
internal import WaylandClient

extension Driver {
    /// Presses and releases keys of the seat's keyboard, in combinations as xdotool has them: `Return`, `ctrl+s`,
    /// `alt+shift+Tab`, `a`, `A`. Names are those of xkbcommon-keysyms.h without `XKB_KEY_`.
    public func key(_ combination: String, times: Int = 1) throws(DriverError) {
        let keys = try keys(of: combination)
        _ = try activeWindow()
        for time in 0..<max(0, times) {
            if time > 0, time % 16 == 0 { try settle() }
            for key in keys { player.key(key: key, pressed: 1) }
            for key in keys.reversed() { player.key(key: key, pressed: 0) }
        }
        try settle()
    }

    /// Presses the keys of a combination, and holds them.
    public func keyDown(_ combination: String) throws(DriverError) {
        for key in try keys(of: combination) { player.key(key: key, pressed: 1) }
        try settle()
    }

    /// Releases the keys of a combination.
    public func keyUp(_ combination: String) throws(DriverError) {
        for key in try keys(of: combination).reversed() { player.key(key: key, pressed: 0) }
        try settle()
    }

    /// The codes of a combination's keys, in the order in which they are pressed.
    private func keys(of combination: String) throws(DriverError) -> [UInt32] {
        let layout = try seatLayout()
        // A plus is the key between the pluses, or at the end: `ctrl++`.
        var names = combination.split(separator: "+", omittingEmptySubsequences: true).map(String.init)
        if combination == "+" || combination.hasSuffix("++") { names.append("plus") }
        guard !names.isEmpty else { throw .noMatch("'\(combination)' names no key") }
        var codes: [UInt32] = []
        for name in names {
            guard let keysym = KeyLayout.keysym(name) else {
                throw .noMatch(
                    "there is no key called '\(name)'; names are as in Return, Escape, ctrl+s and alt+F4, of "
                        + "xkbcommon-keysyms.h"
                )
            }
            guard let stroke = layout.stroke(for: keysym) else {
                throw .noMatch("the keyboard has no key for '\(name)'; 'signet type' types any character")
            }
            for code in stroke.modifiers + [stroke.code] where !codes.contains(code) { codes.append(code) }
        }
        return codes
    }

    /// What the keys of the seat's keyboard mean.
    private func seatLayout() throws(DriverError) -> KeyLayout {
        if let layout { return layout }
        guard let keyboard = seat?.getKeyboard() else { throw .missing("the compositor has no seat") }
        var (found, isDone): (KeyLayout?, Bool) = (nil, false)
        keyboard.onKeymap = { _, descriptor, size in found = KeyLayout(descriptor, size: Int(size)) }
        connection.sync().onDone = { _ in isDone = true }
        try wait { isDone }
        keyboard.release()
        guard let found else { throw .missing("the compositor's keyboard has no keymap; its package is xkb-data") }
        layout = found
        return found
    }
}
