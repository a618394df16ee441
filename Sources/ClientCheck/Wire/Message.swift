/// An object of a connection, from the message that made it to the one that ended it.
final class WireObject {
    let id: UInt32
    let interface: WireInterface
    let version: UInt32
    /// Whether a destructor was sent. Its number isn't free before the other end has agreed.
    var isDestroyed = false

    init(_ id: UInt32, _ interface: WireInterface, version: UInt32) {
        self.id = id
        self.interface = interface
        self.version = version
    }

    /// As in `wl_surface#12`.
    var name: String { "\(interface.name)#\(id)" }
}

/// A message that has come, as those hear of it that judge.
struct Message {
    let object: WireObject
    let isRequest: Bool
    let wire: WireMessage
    let opcode: Int
    let values: [WireValue]
    /// The object that it made.
    let newObject: WireObject?
    /// Descriptors that came with it, valid while it is heard.
    let descriptors: [CInt]
    /// Whether the check made it, and the compositor knows nothing of it.
    var isInjected = false

    var name: String { wire.name }

    /// The number of an argument.
    func number(_ index: Int) -> Int { values[index].number }

    /// An object's number.
    func id(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: values[index].number) }

    /// Whether it is this one.
    func `is`(_ interface: String, _ name: String) -> Bool {
        wire.name == name && object.interface.name == interface
    }

    /// As in `wl_surface#12.commit`.
    var description: String { "\(object.name).\(wire.name)" }
}
