internal import Pixels
internal import WaylandServer

/// `wl_seat`: a keyboard and a pointer, and whom they are pointed at.
///
/// There are no devices yet: the keyboard has a keymap and no focus, and the pointer is nowhere until something moves
/// it.
final class Seat: WlSeat.Requests, Service {
    let keymap: Keymap?
    let pointer: Pointer

    init(display: Display, scene: Scene, layout: OutputLayout, keymap: Keymap?) {
        self.keymap = keymap
        pointer = Pointer(scene: scene, layout: layout) { [unowned display] in display.nextSerial() }
    }

    func bind(_ resource: WlSeat) {
        resource.handler = self
        resource.sendCapabilities(capabilities: keymap == nil ? .pointer : [.pointer, .keyboard])
        resource.sendName(name: "seat0")
    }

    func getPointer(_ resource: WlSeat, id: WlPointer) throws(ProtocolError) {
        pointer.bound(id)
    }

    func getKeyboard(_ resource: WlSeat, id: WlKeyboard) throws(ProtocolError) {
        guard let keymap else { throw missing("keyboard") }
        id.sendKeymap(format: .xkbV1, fd: keymap.descriptor, size: UInt32(keymap.size))
        id.sendRepeatInfo(rate: 25, delay: 600)
    }

    func getTouch(_ resource: WlSeat, id: WlTouch) throws(ProtocolError) { throw missing("touch") }

    private func missing(_ device: String) -> ProtocolError {
        ProtocolError(
            WlSeat.Error.missingCapability,
            "the seat has never had a \(device); ask for one after wl_seat.capabilities announced it"
        )
    }
}
