internal import WaylandServer

/// `wl_seat`: a seat that nobody sits on.
///
/// Half of all clients don't start without one. It has no capabilities, so that a client which keeps to the protocol asks
/// for no device.
final class SeatGlobal: WlSeat.Requests {
    init(on display: Display) {
        Global<WlSeat>(on: display) { [self] resource in
            resource.handler = self
            resource.sendCapabilities(capabilities: [])
            resource.sendName(name: "seat0")
        }
    }

    func getPointer(_ resource: WlSeat, id: WlPointer) throws(ProtocolError) { throw missing("pointer") }

    func getKeyboard(_ resource: WlSeat, id: WlKeyboard) throws(ProtocolError) { throw missing("keyboard") }

    func getTouch(_ resource: WlSeat, id: WlTouch) throws(ProtocolError) { throw missing("touch") }

    private func missing(_ device: String) -> ProtocolError {
        ProtocolError(
            WlSeat.Error.missingCapability,
            "the seat has never had a \(device); ask for one after wl_seat.capabilities announced it"
        )
    }
}
