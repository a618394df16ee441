/// An interface's names, which errors and traces tell: generated.
public struct Interface: Sendable {
    /// A request or an event.
    public struct Message: Sendable {
        /// As in `damage_buffer`.
        public let name: String
        /// Its arguments, a letter each, as libwayland writes them: `i`nt, `u`int, `f`ixed, `s`tring, `o`bject, `n`ew
        /// object, `a`rray, descriptor (`h`); `?` before what may be null, and a number in front: the version since
        /// which there is the message.
        public let signature: String
        /// The interfaces of new objects in it, in their order.
        let newObjects: [String]

        /// See ``signature``.
        public init(_ name: String, _ signature: String, new newObjects: [String] = []) {
            self.name = name
            self.signature = signature
            self.newObjects = newObjects
        }
    }

    /// As in `wl_surface`.
    public let name: String
    /// The newest version that the generated code knows.
    public let version: UInt32
    /// By opcode.
    public let requests: [Message]
    /// By opcode.
    public let events: [Message]

    /// An interface called `name` with these messages.
    public init(_ name: String, version: UInt32, requests: [Message] = [], events: [Message] = []) {
        self.name = name
        self.version = version
        self.requests = requests
        self.events = events
    }
}
