/// Writes an interface as the client sees it: requests are methods, events call closures.
struct ClientClassWriter {
    let interface: ProtocolDescription.Interface
    let index: Int
    let table: String

    private var type: String { SwiftName.type(interface.name) }

    func write(to writer: inout CodeWriter) {
        let summary = SwiftName.comment(interface.summary, otherwise: "a protocol object")
        writer.line("/// `\(interface.name)`, up to version \(interface.version): \(summary).")
        writer.block("public final class \(type): Proxy") { writer in
            for enumeration in interface.enums {
                EnumerationWriter.write(enumeration, of: interface, to: &writer)
                writer.line()
            }
            writer.line("/// What libwayland knows of the interface.")
            writer.line("override public class var interface: Interface { \(table).table[\(index)] }")
            writer.line()
            for event in interface.events { writeEventProperty(event, to: &writer) }
            writeDispatch(to: &writer)
            writer.line()
            writer.line("/// Lets go of the event handlers.")
            writer.block("override public func didDestroy()") { writer in
                for event in interface.events { writer.line("\(property(event)) = nil") }
            }
            for (opcode, request) in interface.requests.enumerated() {
                writer.line()
                writeRequest(request, opcode: opcode, to: &writer)
            }
        }
    }

    private func property(_ event: ProtocolDescription.Message) -> String { "on" + SwiftName.type(event.name) }

    private func writeEventProperty(_ event: ProtocolDescription.Message, to writer: inout CodeWriter) {
        let parameters = event.arguments.map { argument in
            let code = ArgumentCode(argument: argument, interface: interface.name)
            let type =
                switch argument.kind {
                case .fd: "consuming Descriptor"
                case .newID: code.objectType
                // The object may have been destroyed here while the event was on its way.
                case .object: code.objectType + "?"
                default: code.valueType!
                }
            return "_ \(code.label): \(type)"
        }
        writer.line("/// \(SwiftName.comment(event.summary, otherwise: "`\(event.name)`"))")
        writer.line("public var \(property(event)): ((\(parameters.joined(separator: ", "))) -> Void)?")
    }

    private func writeDispatch(to writer: inout CodeWriter) {
        writer.line("/// Decodes one event and hands it to its closure.")
        writer.block("override public func receive(_ opcode: UInt32, _ arguments: IncomingArguments)") { writer in
            writer.block("switch opcode") { writer in
                for (opcode, event) in interface.events.enumerated() {
                    writer.line("case \(opcode):")
                    writer.indented { writer in writeCase(event, to: &writer) }
                }
                writer.line("default: break")
            }
        }
    }

    private func writeCase(_ event: ProtocolDescription.Message, to writer: inout CodeWriter) {
        var call: [String] = []
        for (position, argument) in event.arguments.enumerated() {
            let code = ArgumentCode(argument: argument, interface: interface.name)
            switch argument.kind {
            case .fd:
                writer.line("let argument\(position) = arguments.descriptor(\(position))")
            case .newID:
                writer.line(
                    "let argument\(position) = \(code.objectType)(adopting: arguments.object(\(position)), from: self)"
                )
            case .object:
                writer.line(
                    "let argument\(position) = object(arguments.object(\(position)), as: \(code.objectType).self)"
                )
            default:
                call.append(code.incoming(at: position))
                continue
            }
            call.append("argument\(position)")
        }
        writer.line("if let \(property(event)) { \(property(event))(\(call.joined(separator: ", "))) }")
        if event.isDestructor { writer.line("destroyLocally()") }
    }

    private func writeRequest(_ request: ProtocolDescription.Message, opcode: Int, to writer: inout CodeWriter) {
        var parameters: [String] = []
        var result: ProtocolDescription.Argument?
        for argument in request.arguments {
            let code = ArgumentCode(argument: argument, interface: interface.name)
            switch argument.kind {
            case .newID where argument.interface == nil:
                result = argument
                parameters += ["as type: New.Type", "version: UInt32"]
            case .newID: result = argument
            case .object: parameters.append("\(code.label): \(code.objectType)\(argument.isNullable ? "?" : "")")
            case .fd: parameters.append("\(code.label): borrowing Descriptor")
            default: parameters.append("\(code.label): \(code.valueType!)")
            }
        }
        writer.line("/// \(SwiftName.comment(request.summary, otherwise: "`\(request.name)`"))")
        if request.since > 1 {
            writer.line("///")
            writer.line("/// Needs an object of version \(request.since).")
        }
        let isGeneric = result.map { $0.interface == nil } ?? false
        let returned = result.map { $0.interface.map(SwiftName.type) ?? "New" }
        let head =
            "public func \(SwiftName.member(request.name))\(isGeneric ? "<New: Proxy>" : "")"
            + "(\(parameters.joined(separator: ", ")))\(returned.map { " -> \($0)" } ?? "")"
        if returned != nil { writer.line("@discardableResult") }
        writer.block(head) { writer in
            for argument in request.arguments where argument.kind == .fd {
                let label = SwiftName.member(argument.name)
                writer.line("let \(label)Number = \(label).rawValue")
            }
            var call = "\(returned == nil ? "request" : "return create")(\(opcode), since: \(request.since)"
            if let returned { call += ", \(returned).self" }
            if isGeneric { call += ", version: version" }
            if request.isDestructor { call += ", destroys: true" }
            guard !request.arguments.isEmpty else { return writer.line(call + ") { _ in }") }
            writer.line(call + ") { message in")
            writer.indented { writer in
                for argument in request.arguments {
                    if argument.kind == .newID, argument.interface == nil {
                        writer.line("message.string(New.interface.name)")
                        writer.line("message.uint(version)")
                    }
                    writer.line(ArgumentCode(argument: argument, interface: interface.name).outgoing)
                }
            }
            writer.line("}")
        }
    }
}
