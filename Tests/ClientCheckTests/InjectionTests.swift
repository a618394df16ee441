import Testing

@testable import ClientCheck

/// Answers to what the compositor knows nothing of.
struct InjectionTests {
    private let surface = WireObject(8, WireTable.interfaces["xdg_surface"]!, version: 1)

    private func message(_ name: String, _ serial: UInt32, isRequest: Bool) -> Message {
        let messages = isRequest ? surface.interface.requests : surface.interface.events
        let opcode = messages.firstIndex { $0.name == name }!
        return Message(
            object: surface,
            isRequest: isRequest,
            wire: messages[opcode],
            opcode: opcode,
            values: [.uint(serial)],
            newObject: nil,
            descriptors: []
        )
    }

    @Test func `an ack of one that was put in answers the compositor's last one before it`() {
        var serials = InjectedSerials()
        for serial: UInt32 in [5, 6] { serials.noteOfServer(message("configure", serial, isRequest: false)) }
        let mine = serials.next()
        serials.note(message("configure", mine, isRequest: false))
        serials.noteOfServer(message("configure", 7, isRequest: false))
        let answer = serials.swallow(message("ack_configure", mine, isRequest: true))
        #expect(answer.flatMap { WireFormat.values($0[...], [.uint]) } == [.uint(6)])
        // The compositor's own go on as they are.
        #expect(serials.swallow(message("ack_configure", 7, isRequest: true)) == nil)
    }

    @Test func `where the compositor waits for nothing it hears nothing`() {
        var serials = InjectedSerials()
        serials.noteOfServer(message("configure", 5, isRequest: false))
        #expect(serials.swallow(message("ack_configure", 5, isRequest: true)) == nil)
        let mine = serials.next()
        serials.note(message("configure", mine, isRequest: false))
        #expect(serials.swallow(message("ack_configure", mine, isRequest: true)) == [])
    }
}
