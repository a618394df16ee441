/// Outputs that are announced to the client and don't exist: each shows what the compositor's first one does.
final class ExtraOutputs {
    /// Globals that stand for the compositor's own; far from those that it counts up to.
    private static let firstName: UInt32 = 0x7000_0000
    private var count: UInt32 = 0
    private var names: Set<UInt32> = []
    /// The compositor's own first output, by its global.
    private var realName: UInt32?
    private var version: UInt32 = 1
    /// The client's objects for them, kept so that no other takes the identity of one.
    private var bound: [(object: WireObject, index: UInt32)] = []

    /// Announces one more to all registries; nil where the compositor has none.
    func add(to connections: [ProxyConnection]) -> UInt32? {
        guard realName != nil else { return nil }
        let name = Self.firstName + count
        count += 1
        names.insert(name)
        for connection in connections {
            for registry in connection.registries {
                connection.inject(registry, "global", [.uint(name), .string("wl_output"), .uint(version)])
            }
        }
        return name
    }

    func remove(_ name: UInt32, from connections: [ProxyConnection]) {
        for connection in connections {
            for registry in connection.registries { connection.inject(registry, "global_remove", [.uint(name)]) }
        }
    }

    /// Another message in the place of one that tells of such an output; nil for all others.
    func translate(_ message: Message) -> [UInt8]? {
        if message.isRequest {
            // A removed one can still be bound: the client may not have heard of that yet.
            guard message.is("wl_registry", "bind"), names.contains(message.id(0)), let realName else { return nil }
            if let new = message.newObject { bound.append((new, message.id(0) - Self.firstName)) }
            var values = message.values
            values[0] = .uint(realName)
            return WireFormat.bytes(to: message.object.id, opcode: message.opcode, values)
        }
        if message.is("wl_registry", "global"), message.values[1].text == "wl_output", realName == nil {
            (realName, version) = (message.id(0), message.id(2))
        }
        guard message.is("wl_output", "name"), let index = bound.first(where: { $0.object === message.object })?.index
        else { return nil }
        return WireFormat.bytes(to: message.object.id, opcode: message.opcode, [.string("EXTRA-\(index + 1)")])
    }
}

extension ProxyConnection {
    /// The client's wl_registry objects.
    var registries: [WireObject] { model.objects.all.filter { $0.interface.name == "wl_registry" } }
}
