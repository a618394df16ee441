public import CWaylandUtil
internal import Glibc

/// What libwayland has to know of an interface in order to read and write its messages.
@safe
public struct Interface: @unchecked Sendable {
    /// libwayland's description; it lives as long as the process and never changes.
    public let pointer: UnsafePointer<wl_interface>

    /// The interface's name, as in `wl_surface`.
    public var name: String { unsafe String(cString: pointer.pointee.name) }
    /// The newest version that the generated code knows.
    public var version: UInt32 { unsafe UInt32(pointer.pointee.version) }
}

/// All interfaces of one protocol description, laid out as libwayland's `wl_interface` structures.
///
/// Interfaces of a protocol refer to each other in circles, so they are made together; another protocol's are made
/// before and referred to as they are. The tables are built once, on first use, and never freed: objects that outlive
/// everything else still point at them.
@safe
public struct InterfaceTable: @unchecked Sendable {
    /// The interface that an object argument belongs to.
    public enum Reference: Sendable {
        /// Any, or the argument isn't an object.
        case none
        /// The one at this index of the same table.
        case local(Int)
        /// One of another protocol.
        case foreign(Interface)
    }

    /// One request or event: its name, its signature in libwayland's notation, a reference for each argument.
    public struct Message: Sendable {
        let name: String
        let signature: String
        let types: [Reference]

        /// See `wl_message` in wayland-util.h for the signature's letters.
        public init(_ name: String, _ signature: String, _ types: [Reference]) {
            self.name = name
            self.signature = signature
            self.types = types
        }
    }

    /// One interface: messages in the order of their opcodes.
    public struct Description: Sendable {
        let name: String
        let version: Int32
        let requests: [Message]
        let events: [Message]

        /// An interface called `name` with these messages.
        public init(_ name: String, version: Int32, requests: [Message], events: [Message]) {
            self.name = name
            self.version = version
            self.requests = requests
            self.events = events
        }
    }

    private let base: UnsafeMutablePointer<wl_interface>
    private let count: Int

    /// Lays out `descriptions`.
    public init(_ descriptions: [Description]) {
        count = descriptions.count
        unsafe base = .allocate(capacity: count)
        for (index, description) in descriptions.enumerated() {
            let interface = unsafe wl_interface(
                name: strdup(description.name),
                version: description.version,
                method_count: Int32(description.requests.count),
                methods: layOut(description.requests),
                event_count: Int32(description.events.count),
                events: layOut(description.events)
            )
            unsafe (base + index).initialize(to: interface)
        }
    }

    /// The interface at `index`, in the order of the descriptions.
    public subscript(index: Int) -> Interface {
        precondition(index >= 0 && index < count)
        return unsafe Interface(pointer: UnsafePointer(base + index))
    }

    private func layOut(_ messages: [Message]) -> UnsafePointer<wl_message>? {
        guard !messages.isEmpty else { return nil }
        let result = UnsafeMutablePointer<wl_message>.allocate(capacity: messages.count)
        for (index, message) in messages.enumerated() {
            let types = UnsafeMutablePointer<UnsafePointer<wl_interface>?>.allocate(
                capacity: max(1, message.types.count)
            )
            unsafe types.initialize(repeating: nil, count: max(1, message.types.count))
            for (argument, reference) in message.types.enumerated() {
                switch reference {
                case .none: break
                case .local(let index): unsafe types[argument] = self[index].pointer
                case .foreign(let interface): unsafe types[argument] = interface.pointer
                }
            }
            let entry = unsafe wl_message(
                name: strdup(message.name),
                signature: strdup(message.signature),
                types: types
            )
            unsafe (result + index).initialize(to: entry)
        }
        return unsafe UnsafePointer(result)
    }
}
