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

    /// The class of an object argument on the client's side.
    var objectType: String { argument.interface.map(SwiftName.type) ?? "ObjectHandle" }

    /// The class of an object argument on the server's side.
    var resourceType: String { argument.interface.map(SwiftName.type) ?? "Resource" }

    // MARK: The server's side

    /// The type of a request's argument in a handler.
    var requestType: String {
        switch argument.kind {
        case .fd: "consuming Descriptor"
        case .newID: resourceType
        case .object: resourceType + (argument.isNullable ? "?" : "")
        default: valueType!
        }
    }

    /// An expression that reads the value, or a new object's number, from a request.
    var reading: String {
        switch argument.kind {
        case .int, .uint:
            guard let enumeration = argument.enumeration else {
                return "try message.\(argument.kind == .int ? "int" : "uint")()"
            }
            // The wire's int and uint differ in sign only, and enumerations are unsigned.
            return "\(SwiftName.enumeration(enumeration, in: interface))(rawValue: try message.uint())"
        case .fixed: return "try message.fixed()"
        case .string: return "try message.\(argument.isNullable ? "optionalString" : "string")()"
        case .array: return "try message.array()"
        case .fd: return "try message.descriptor()"
        case .newID: return "try message.newID()"
        case .object where argument.interface == nil:
            return "try message.\(argument.isNullable ? "optionalAnyObject" : "anyObject")()"
        case .object: return "try message.\(argument.isNullable ? "optionalObject" : "object")(\(resourceType).self)"
        }
    }

    /// The statement that appends the value to an event.
    var writing: String {
        switch argument.kind {
        case .fd: "message.descriptor(\(label))"
        case .object where argument.isNullable: "message.optionalObject(\(label))"
        // A new object was made before, and travels as one.
        case .object, .newID: "message.object(\(label))"
        default: outgoing
        }
    }

    // MARK: The client's side

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

    /// The statement that appends the value to a request.
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
