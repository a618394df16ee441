/// Writes handlers that note each request and answer with an event, for tests of the server's bindings: what two
/// servers made of the same bytes can be compared.
///
/// The code needs a class `Record` beside it, which notes requests and makes the events' arguments up.
struct RecorderWriter {
    let interface: ProtocolDescription.Interface

    private var type: String { SwiftName.type(interface.name) }

    func write(to writer: inout CodeWriter) {
        writer.block("final class \(type)Recorder: \(type).Requests") { writer in
            writer.line("let record: Record")
            writer.line("init(_ record: Record) { self.record = record }")
            for request in interface.requests { writeRequest(request, to: &writer) }
            writer.line("func destroyed(_ resource: \(type)) { record.noteEnd(of: resource) }")
            writeReply(to: &writer)
        }
    }

    private func writeRequest(_ request: ProtocolDescription.Message, to writer: inout CodeWriter) {
        let codes = request.arguments.map { ArgumentCode(argument: $0, interface: interface.name) }
        let parameters = ["_ resource: \(type)"] + codes.map { "\($0.label): \($0.requestType)" }
        let name = SwiftName.member(request.name)
        writer.block("func \(name)(\(parameters.joined(separator: ", "))) throws(ProtocolError)") { writer in
            for code in codes where code.argument.kind == .newID {
                writer.line("\(code.label).handler = \(code.resourceType)Recorder(record)")
            }
            let texts = codes.map { code in
                switch code.argument.kind {
                case .object, .newID: "record.text(\(code.label))"
                case .int, .uint:
                    code.argument.enumeration == nil
                        ? "record.text(\(code.label))" : "record.text(\(code.label).rawValue)"
                default: "record.text(\(code.label))"
                }
            }
            writer.line("let n = record.note(resource, \"\(request.name)\", [\(texts.joined(separator: ", "))])")
            writer.line("try record.act(n, on: resource)")
            writer.line("reply(n, resource)")
        }
    }

    private func writeReply(to writer: inout CodeWriter) {
        writer.block("private func reply(_ n: Int, _ resource: \(type))") { writer in
            guard !interface.events.isEmpty else { return }
            writer.line("guard record.replies else { return }")
            writer.block("switch n % \(interface.events.count)") { writer in
                for (opcode, event) in interface.events.enumerated() {
                    let arguments = event.arguments.enumerated().map { argument($0, $1) }
                    let label = opcode == interface.events.count - 1 ? "default:" : "case \(opcode):"
                    guard !arguments.contains(nil) else {
                        writer.line(label + " break")
                        continue
                    }
                    let name = "send" + SwiftName.type(event.name)
                    writer.line(label + " resource.\(name)(\(arguments.map { $0! }.joined(separator: ", ")))")
                }
            }
        }
    }

    /// An event's argument with its label; nil where there is none to be had.
    private func argument(_ position: Int, _ argument: ProtocolDescription.Argument) -> String? {
        let code = ArgumentCode(argument: argument, interface: interface.name)
        let value: String
        switch argument.kind {
        case .int, .uint:
            if let type = argument.enumeration.map({ SwiftName.enumeration($0, in: interface.name) }) {
                value = "\(type)(rawValue: record.uint(n, \(position)))"
            } else {
                value = "record.\(argument.kind == .int ? "int" : "uint")(n, \(position))"
            }
        case .fixed: value = "Fixed(rawValue: record.int(n, \(position)))"
        case .string:
            value =
                argument.isNullable
                ? "record.optionalString(n, \(position))" : "record.string(n, \(position))"
        case .array: value = "record.array(n, \(position))"
        case .fd: value = "record.file"
        case .object where argument.interface == interface.name: value = "resource"
        case .object where argument.isNullable: value = "nil"
        case .object, .newID: return nil
        }
        return "\(code.callLabel): \(value)"
    }

    /// The interface as data, and a global of it.
    func writeEntry(to writer: inout CodeWriter) {
        writer.line("RecordedInterface(\"\(interface.name)\", version: \(interface.version), requests: [")
        writer.indented { writer in
            for request in interface.requests { writer.line(entry(request)) }
        }
        writer.line("], events: [")
        writer.indented { writer in
            for event in interface.events { writer.line(entry(event)) }
        }
        writer.line("]) { display, record in")
        writer.indented { writer in
            writer.line("Global<\(type)>(on: display, isVisible: record.isVisible) { resource in")
            writer.line("    record.noteBind(resource)")
            writer.line("    resource.handler = \(type)Recorder(record)")
            writer.line("}.withdraw")
        }
        writer.line("},")
    }

    private func entry(_ message: ProtocolDescription.Message) -> String {
        let types = message.arguments.map { argument in
            argument.kind == .object || argument.kind == .newID
                ? argument.interface.map { "\"\($0)\"" } ?? "nil" : "nil"
        }
        let list = types.joined(separator: ", ")
        return "(\"\(message.name)\", \"\(message.signature)\", [\(list)], \(message.isDestructor)),"
    }
}
