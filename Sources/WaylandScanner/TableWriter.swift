/// Writes a protocol as data, for programs that read other programs' messages: what each message is called, what it
/// carries, and which objects it makes and ends.
struct TableWriter {
    let description: ProtocolDescription

    func write(to writer: inout CodeWriter) {
        writer.line("let \(SwiftName.bareMember(description.name))Table: [WireInterface] = [")
        writer.indented { writer in
            for interface in description.interfaces {
                writer.line("WireInterface(\"\(interface.name)\", version: \(interface.version), requests: [")
                writer.indented { writer in
                    for request in interface.requests { writer.line(entry(request)) }
                }
                writer.line("], events: [")
                writer.indented { writer in
                    for event in interface.events { writer.line(entry(event)) }
                }
                writer.line("]),")
            }
        }
        writer.line("]")
    }

    private func entry(_ message: ProtocolDescription.Message) -> String {
        let new = message.arguments.first { $0.kind == .newID }?.interface.map { ", new: \"\($0)\"" } ?? ""
        let end = message.isDestructor ? ", isDestructor: true" : ""
        return "WireMessage(\"\(message.name)\", \"\(message.signature)\"\(new)\(end)),"
    }
}
