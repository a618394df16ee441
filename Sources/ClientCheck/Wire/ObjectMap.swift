/// The objects of a connection, by number, as the messages that passed made and ended them.
final class ObjectMap {
    private var objects: [UInt32: WireObject] = [:]

    init() {
        objects[1] = WireObject(1, WireTable.interfaces["wl_display"]!, version: 1)
    }

    subscript(id: UInt32) -> WireObject? { objects[id] }

    /// Those that exist.
    var all: some Sequence<WireObject> { objects.values.lazy.filter { !$0.isDestroyed } }

    /// Reads a message. Nil where its object, its opcode or its arguments aren't known.
    func read(
        _ header: MessageQueue.Header,
        _ bytes: ArraySlice<UInt8>,
        isRequest: Bool
    ) -> (object: WireObject, wire: WireMessage, values: [WireValue])? {
        guard let object = objects[header.object] else { return nil }
        let messages = isRequest ? object.interface.requests : object.interface.events
        guard messages.indices.contains(header.opcode), header.size >= WireFormat.headerSize else { return nil }
        let wire = messages[header.opcode]
        guard let values = WireFormat.values(bytes, wire.kinds) else { return nil }
        if isRequest, let index = wire.kinds.firstIndex(of: .newObject), isTaken(UInt32(values[index].number)) {
            return nil
        }
        return (object, wire, values)
    }

    /// Whether a number is an object's that the client hasn't given back: a compositor ends clients for using it.
    private func isTaken(_ id: UInt32) -> Bool { objects[id] != nil }

    /// Takes note of the object that a message makes, and returns it.
    func add(madeBy wire: WireMessage, _ values: [WireValue], on object: WireObject) -> WireObject? {
        guard let index = wire.kinds.firstIndex(of: .newObject) else { return nil }
        let id = UInt32(values[index].number)
        var version = object.version
        var name = wire.newInterface
        if name == nil, index >= 2 {
            // wl_registry.bind: the interface, the version, the number.
            name = values[index - 2].text
            version = UInt32(values[index - 1].number)
        }
        guard let interface = name.flatMap({ WireTable.interfaces[$0] }) else { return nil }
        let new = WireObject(id, interface, version: version)
        objects[id] = new
        return new
    }

    /// A destructor was sent. Numbers of the server's are free at once.
    func end(_ object: WireObject) {
        object.isDestroyed = true
        if object.id >= 0xff00_0000 { objects[object.id] = nil }
    }

    /// wl_display.delete_id: the number is free.
    func remove(_ id: UInt32) {
        objects[id]?.isDestroyed = true
        objects[id] = nil
    }
}
