/// How an argument of either direction is spelled in Swift.
struct ArgumentCode {
    let argument: ProtocolDescription.Argument
    /// The interface whose message it belongs to.
    let interface: String

    var label: String { SwiftName.member(argument.name) }

    /// The label in a call, where keywords need no escape.
    var callLabel: String { SwiftName.bareMember(argument.name) }

    /// The type of a number, an enumeration, a string or an array; objects and descriptors are for the callers.
    var valueType: String? {
        switch argument.kind {
        case .int, .uint:
            argument.enumeration.map { SwiftName.enumeration($0, in: interface) }
                ?? (argument.kind == .int ? "Int32" : "UInt32")
        case .fixed: "Fixed"
        case .string: argument.isNullable ? "String?" : "String"
        case .array: "WireArray"
        case .object, .newID, .fd: nil
        }
    }

    /// The class of an object argument.
    var objectType: String { argument.interface.map(SwiftName.type) ?? "ObjectHandle" }

    /// An expression for the incoming value at `index`; for kinds that have a ``valueType``.
    func incoming(at index: Int) -> String {
        switch argument.kind {
        case .int, .uint:
            guard let enumeration = argument.enumeration else {
                return "arguments.\(argument.kind == .int ? "int" : "uint")(\(index))"
            }
            // The wire's int and uint differ in sign only, and enumerations are unsigned.
            return "\(SwiftName.enumeration(enumeration, in: interface))(rawValue: arguments.uint(\(index)))"
        case .fixed: return "arguments.fixed(\(index))"
        case .string: return "arguments.\(argument.isNullable ? "optionalString" : "string")(\(index))"
        case .array: return "arguments.array(\(index))"
        case .object, .newID, .fd: preconditionFailure("objects and descriptors aren't plain values")
        }
    }

    /// The statement that appends the value to an outgoing message.
    var outgoing: String {
        switch argument.kind {
        case .int:
            argument.enumeration == nil
                ? "message.int(\(label))" : "message.int(Int32(bitPattern: \(label).rawValue))"
        case .uint: "message.uint(\(label)\(argument.enumeration == nil ? "" : ".rawValue"))"
        case .fixed: "message.fixed(\(label))"
        case .string: "message.string(\(label))"
        case .array: "message.array(\(label))"
        case .fd: "message.descriptor(\(label)Number)"
        case .object where argument.isNullable: "message.optionalObject(\(label)?.handle)"
        case .object: "message.object(\(label).handle)"
        case .newID: "message.newID()"
        }
    }
}
