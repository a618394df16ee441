/// A protocol as its XML describes it, before any thought of Swift.
///
/// The shapes follow wayland.dtd; names are the protocol's own (`wl_surface`, `damage_buffer`).
public struct ProtocolDescription: Equatable, Sendable {
    /// The protocol's name, which names the generated file's tables.
    public var name: String
    /// In document order: an interface's place is its index in the generated table.
    public var interfaces: [Interface]

    /// One kind of protocol object.
    public struct Interface: Equatable, Sendable {
        /// As in `wl_surface`.
        public var name: String
        /// The newest version described.
        public var version: Int
        /// What the object is, in a line.
        public var summary: String
        /// Client to server, by opcode.
        public var requests: [Message]
        /// Server to client, by opcode.
        public var events: [Message]
        /// The constants that belong to it.
        public var enums: [Enumeration]
    }

    /// A request or an event.
    public struct Message: Equatable, Sendable {
        /// As in `damage_buffer`.
        public var name: String
        /// The first interface version that has it.
        public var since: Int
        /// Whether the object is gone afterwards.
        public var isDestructor: Bool
        /// What it does, in a line.
        public var summary: String
        /// In wire order.
        public var arguments: [Argument]
    }

    /// One argument of a message.
    public struct Argument: Equatable, Sendable {
        /// As in `surface_x`.
        public var name: String
        /// What travels.
        public var kind: Kind
        /// For objects and new ids: the interface, where the description names one.
        public var interface: String?
        /// The enumeration whose values an integer takes, as `interface.enum` or `enum`.
        public var enumeration: String?
        /// Whether a string or an object may be null.
        public var isNullable: Bool
        /// What it means, in a line.
        public var summary: String
    }

    /// The wire types.
    public enum Kind: String, Equatable, Sendable {
        case int, uint, fixed, string, object, newID = "new_id", array, fd
    }

    /// A set of named values.
    public struct Enumeration: Equatable, Sendable {
        /// As in `transform`.
        public var name: String
        /// Whether values combine by bitwise or.
        public var isBitfield: Bool
        /// In document order.
        public var entries: [Entry]
    }

    /// One named value.
    public struct Entry: Equatable, Sendable {
        /// As in `rotated_90`, or just `90`.
        public var name: String
        /// The number on the wire.
        public var value: UInt32
        /// The first interface version that has it.
        public var since: Int
        /// What it means, in a line.
        public var summary: String
    }
}

extension ProtocolDescription.Message {
    /// The arguments in libwayland's notation; see `wl_message` in wayland-util.h.
    var signature: String {
        var signature = since > 1 ? "\(since)" : ""
        for argument in arguments {
            switch argument.kind {
            case .int: signature += "i"
            case .uint: signature += "u"
            case .fixed: signature += "f"
            case .string: signature += argument.isNullable ? "?s" : "s"
            case .object: signature += argument.isNullable ? "?o" : "o"
            case .array: signature += "a"
            case .fd: signature += "h"
            // A new object whose interface the message itself names.
            case .newID where argument.interface == nil: signature += "sun"
            case .newID: signature += "n"
            }
        }
        return signature
    }
}
