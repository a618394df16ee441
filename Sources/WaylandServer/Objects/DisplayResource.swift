/// A client's `wl_display`, with which it begins: object 1.
final class DisplayResource: Resource {
    override class var interface: Interface { WaylandInterfaces.table[0] }

    override func receive(_ opcode: UInt32, _ message: inout MessageReader) throws(ProtocolError) {
        switch opcode {
        case 0:
            try client.sync(try message.newID())
        case 1:
            let id = try message.newID()
            let registry = try RegistryResource(client: client, version: 1, id: id)
            client.registries.append(registry)
            client.display?.announceAll(to: registry)
        default: throw noSuchRequest(opcode)
        }
    }
}

/// A client's `wl_registry`: what there is to bind. It lives as long as its client.
final class RegistryResource: Resource {
    override class var interface: Interface { WaylandInterfaces.table[1] }

    override func receive(_ opcode: UInt32, _ message: inout MessageReader) throws(ProtocolError) {
        guard opcode == 0 else { throw noSuchRequest(opcode) }
        let name = try message.uint()
        let interface = try message.string()
        let version = try message.uint()
        let id = try message.newID()
        let global = client.display?.global(name).flatMap { $0.isVisible(client) ? $0 : nil }
        // The number of the global, the text of the client: both as the client sent them.
        guard let global else { throw invalid("invalid global \(interface) (\(Int32(bitPattern: name)))") }
        let ours = global.interface.name
        guard interface == ours else {
            throw invalid("invalid interface for global \(name): have \(interface), wanted \(ours)")
        }
        let wrong = "invalid version for global \(interface) (\(Int32(bitPattern: name)))"
        guard version > 0 else { throw invalid("\(wrong): 0 is not a valid version") }
        guard version <= global.version else {
            throw invalid("\(wrong): have \(Int32(bitPattern: global.version)), wanted \(Int32(bitPattern: version))")
        }
        try global.bind(client, version, id)
    }

    private func invalid(_ message: String) -> ProtocolError {
        ProtocolError(WlDisplay.Error.invalidObject, message, on: self)
    }

    func announce(_ global: GlobalAnnouncement) {
        send(0, since: 1) { event in
            event.uint(global.name)
            event.string(global.interface.name)
            event.uint(global.version)
        }
    }

    func withdraw(_ global: GlobalAnnouncement) {
        send(1, since: 1) { $0.uint(global.name) }
    }
}
