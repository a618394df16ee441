/// Writes an interface as the server sees it: requests come in as calls of a Swift protocol, events are methods.
struct ServerClassWriter {
    let interface: ProtocolDescription.Interface
    let index: Int
    let table: String

    private var type: String { SwiftName.type(interface.name) }

    func write(to writer: inout CodeWriter) {
        let summary = SwiftName.comment(interface.summary, otherwise: "a protocol object")
        writer.line("/// `\(interface.name)`, up to version \(interface.version): \(summary).")
        writer.block("public final class \(type): Resource") { writer in
            for enumeration in interface.enums {
                EnumerationWriter.write(enumeration, of: interface, to: &writer)
                writer.line()
            }
            writeRequestProtocol(to: &writer)
            writer.line()
            writer.line("/// Who answers the requests. Without one they are ignored, and descriptors in them closed.")
            writer.line("@safe @exclusivity(unchecked) public var handler: (any Requests)?")
            writer.line()
            writer.line("/// The interface's names.")
            writer.line("override public class var interface: Interface { \(table).table[\(index)] }")
            writer.line()
            writeDispatch(to: &writer)
            writer.line()
            writer.line("/// Tells the handler that the object is gone, and lets go of it.")
            writer.block("override public func didDestroy()") { writer in
                writer.line("let last = handler")
                writer.line("handler = nil")
                writer.line("last?.destroyed(self)")
            }
            for (opcode, event) in interface.events.enumerated() {
                writer.line()
                writeEvent(event, opcode: opcode, to: &writer)
            }
        }
        writeDefaults(to: &writer)
    }

    private func writeRequestProtocol(to writer: inout CodeWriter) {
        writer.line("/// What a client can ask of a `\(interface.name)`.")
        writer.block("public protocol Requests: AnyObject") { writer in
            for request in interface.requests {
                writer.line("/// \(SwiftName.comment(request.summary, otherwise: "`\(request.name)`"))")
                writer.line(requestSignature(request))
            }
            writer.line("/// The object is gone: destroyed by its client, or with it. Nothing can be sent to it.")
            writer.line("func destroyed(_ resource: \(type))")
        }
    }

    private func requestSignature(_ request: ProtocolDescription.Message) -> String {
        let parameters = request.arguments.map { argument in
            let code = ArgumentCode(argument: argument, interface: interface.name)
            return "\(code.label): \(code.requestType)"
        }
        let all = (["_ resource: \(type)"] + parameters).joined(separator: ", ")
        return "func \(SwiftName.member(request.name))(\(all)) throws(ProtocolError)"
    }

    private func writeDispatch(to writer: inout CodeWriter) {
        writer.line("/// Decodes one request and hands it to the handler.")
        writer.block(
            "override public func receive(_ opcode: UInt32, _ message: inout MessageReader) throws(ProtocolError)"
        ) { writer in
            guard !interface.requests.isEmpty else { return writer.line("throw noSuchRequest(opcode)") }
            writer.block("switch opcode") { writer in
                for (opcode, request) in interface.requests.enumerated() {
                    writer.line("case \(opcode):")
                    writer.indented { writer in writeCase(request, opcode: opcode, to: &writer) }
                }
                writer.line("default: throw noSuchRequest(opcode)")
            }
        }
    }

    private func writeCase(_ request: ProtocolDescription.Message, opcode: Int, to writer: inout CodeWriter) {
        if request.since > 1 {
            writer.line("guard version >= \(request.since) else { throw tooOld(for: opcode, since: \(request.since)) }")
        }
        // All arguments before the first new object: what is wrong makes none.
        let numbered = Array(request.arguments.enumerated())
        var call = ["self"]
        for (position, argument) in numbered {
            let code = ArgumentCode(argument: argument, interface: interface.name)
            writer.line("let \(argument.kind == .newID ? "id" : "argument")\(position) = \(code.reading)")
            call.append("\(code.callLabel): argument\(position)")
        }
        for (position, argument) in numbered where argument.kind == .newID {
            let type = ArgumentCode(argument: argument, interface: interface.name).resourceType
            writer.line("let argument\(position) = try \(type)(client: client, version: version, id: id\(position))")
        }
        writer.line(
            "if let handler { try handler.\(SwiftName.member(request.name))(\(call.joined(separator: ", "))) }"
        )
        if request.isDestructor { writer.line("destroy()") }
    }

    private func writeEvent(_ event: ProtocolDescription.Message, opcode: Int, to writer: inout CodeWriter) {
        writer.line("/// \(SwiftName.comment(event.summary, otherwise: "`\(event.name)`"))")
        if event.since > 1 {
            writer.line("///")
            writer.line("/// Isn't sent to a client that bound a version below \(event.since).")
        }
        let parameters = event.arguments.map { argument in
            let code = ArgumentCode(argument: argument, interface: interface.name)
            let type =
                switch argument.kind {
                case .fd: "borrowing Descriptor"
                case .newID: code.resourceType
                case .object: code.resourceType + (argument.isNullable ? "?" : "")
                default: code.valueType!
                }
            return "\(code.label): \(type)"
        }
        let name = "send" + SwiftName.type(event.name)
        writer.block("public func \(name)(\(parameters.joined(separator: ", ")))") { writer in
            let closure = event.arguments.isEmpty ? " { _ in }" : ""
            guard closure.isEmpty else { return writer.line("send(\(opcode), since: \(event.since))\(closure)") }
            writer.line("send(\(opcode), since: \(event.since)) { message in")
            writer.indented { writer in
                for argument in event.arguments {
                    writer.line(ArgumentCode(argument: argument, interface: interface.name).writing)
                }
            }
            writer.line("}")
        }
        if event.isDestructor {
            writer.line()
            writer.line("/// Sends `\(event.name)`, with which the object ends.")
            let forwarded = event.arguments.map { argument in
                let label = SwiftName.member(argument.name)
                return "\(SwiftName.bareMember(argument.name)): \(label)"
            }
            let suffix = SwiftName.type(event.name)
            writer.block("public func finishWith\(suffix)(\(parameters.joined(separator: ", ")))") { writer in
                writer.line("\(name)(\(forwarded.joined(separator: ", ")))")
                writer.line("destroy()")
            }
        }
    }

    private func writeDefaults(to writer: inout CodeWriter) {
        writer.line()
        writer.block("extension \(type).Requests") { writer in
            for request in interface.requests where request.isDestructor && request.arguments.isEmpty {
                writer.line("/// Does nothing: the object is destroyed when this returns.")
                writer.line("public \(requestSignature(request)) {}")
            }
            writer.line("/// Does nothing.")
            writer.line("public func destroyed(_ resource: \(type)) {}")
        }
    }
}
