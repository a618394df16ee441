/// Writes the Swift side of one protocol: its tables, its enumerations, and a class for each interface.
///
/// Server and client differ in what a class can do with requests and events, not in anything else; what differs is in
/// ``ServerClassWriter`` and ``ClientClassWriter``.
public struct BindingsGenerator {
    /// Which end of the connection the code is for.
    public enum Side: String, Sendable {
        case server, client
        /// The server's, for tests: handlers that note what they are asked; see ``RecorderWriter``.
        case recorder
        /// Neither's: the messages as data; see ``TableWriter``.
        case table
    }

    private let description: ProtocolDescription
    private let side: Side
    private let imports: [String]

    /// Interfaces that the runtimes implement. Their enumerations are written, their classes aren't: on either side the
    /// connection's own type stands for `wl_display`, and a server announces globals by another one.
    private var builtIn: Set<String> {
        side == .client ? ["wl_display", "wl_fixes"] : ["wl_display", "wl_registry", "wl_fixes"]
    }

    /// Prepares code for `side`; `imports` are modules that the code is to import besides the common ones.
    public init(_ description: ProtocolDescription, side: Side, imports: [String] = []) {
        self.description = description
        self.side = side
        self.imports = imports
    }

    /// The whole Swift file.
    public func generate() -> String {
        switch side {
        case .recorder: return generateRecorder()
        case .table: return generateTable()
        case .server, .client: break
        }
        var writer = CodeWriter()
        writer.line("// Generated from the protocol \(description.name). Don't edit: the next build writes it anew.")
        for module in (carriesDescriptors ? ["SharedMemory"] : []) + (mentionsWire ? ["WaylandWire"] : []) + imports {
            writer.line("public import \(module)")
        }
        writer.line()
        writeTable(to: &writer)
        for (index, interface) in description.interfaces.enumerated() {
            writer.line()
            if builtIn.contains(interface.name) {
                writer.line("/// Constants of `\(interface.name)`.")
                writer.block("public enum \(SwiftName.type(interface.name))") { writer in
                    for enumeration in interface.enums {
                        EnumerationWriter.write(enumeration, of: interface, to: &writer)
                    }
                }
            } else if side == .server {
                ServerClassWriter(interface: interface, index: index, table: tableName).write(to: &writer)
            } else {
                ClientClassWriter(interface: interface, index: index, table: tableName).write(to: &writer)
            }
        }
        return writer.text
    }

    private func generateRecorder() -> String {
        var writer = CodeWriter()
        writer.line("// Generated from the protocol \(description.name). Don't edit: the next build writes it anew.")
        for module in ["SharedMemory", "WaylandWire"] + imports { writer.line("import \(module)") }
        let recorders = description.interfaces.filter { !builtIn.contains($0.name) }.map(RecorderWriter.init)
        for recorder in recorders {
            writer.line()
            recorder.write(to: &writer)
        }
        writer.line()
        writer.line("package let \(SwiftName.bareMember(description.name))Recorded: [RecordedInterface] = [")
        writer.indented { writer in
            for recorder in recorders { recorder.writeEntry(to: &writer) }
        }
        writer.line("]")
        return writer.text
    }

    private func generateTable() -> String {
        var writer = CodeWriter()
        writer.line("// Generated from the protocol \(description.name). Don't edit: the next build writes it anew.")
        for module in imports { writer.line("import \(module)") }
        writer.line()
        TableWriter(description: description).write(to: &writer)
        return writer.text
    }

    /// Only then does the code mention `Descriptor`.
    private var carriesDescriptors: Bool {
        description.interfaces
            .filter { !builtIn.contains($0.name) }
            .contains { interface in
                (interface.requests + interface.events).contains { $0.arguments.contains { $0.kind == .fd } }
            }
    }

    /// Whether the code mentions what both sides share: enumerations, fixed-point numbers, arrays.
    private var mentionsWire: Bool {
        description.interfaces.contains { interface in
            let messages = interface.requests + interface.events
            return interface.enums.contains { !$0.isBitfield }
                || messages.contains { $0.arguments.contains { $0.kind == .fixed || $0.kind == .array } }
        }
    }

    private var tableName: String { SwiftName.type(description.name) + "Interfaces" }

    private func writeTable(to writer: inout CodeWriter) {
        writer.block("enum \(tableName)") { writer in
            writer.line(side == .server ? "static let table: [Interface] = [" : "static let table = InterfaceTable([")
            writer.indented { writer in
                for interface in description.interfaces {
                    writer.line(".init(\"\(interface.name)\", version: \(interface.version), requests: [")
                    writer.indented { writer in
                        for request in interface.requests { writer.line(tableEntry(request)) }
                    }
                    writer.line("], events: [")
                    writer.indented { writer in
                        for event in interface.events { writer.line(tableEntry(event)) }
                    }
                    writer.line("]),")
                }
            }
            writer.line(side == .server ? "]" : "])")
        }
    }

    private func tableEntry(_ message: ProtocolDescription.Message) -> String {
        let signature = message.signature
        guard side != .server else {
            let new = message.arguments.filter { $0.kind == .newID }.map { "\"\($0.interface ?? "[unknown]")\"" }
            let list = new.isEmpty ? "" : ", new: [\(new.joined(separator: ", "))]"
            return ".init(\"\(message.name)\", \"\(signature)\"\(list)),"
        }
        // An argument without a type in the description is three on the wire.
        let types = message.arguments.flatMap { argument in
            (argument.kind == .newID && argument.interface == nil ? [".none", ".none"] : []) + [reference(to: argument)]
        }
        return ".init(\"\(message.name)\", \"\(signature)\", [\(types.joined(separator: ", "))]),"
    }

    private func reference(to argument: ProtocolDescription.Argument) -> String {
        guard argument.kind == .object || argument.kind == .newID, let name = argument.interface else { return ".none" }
        if let index = description.interfaces.firstIndex(where: { $0.name == name }) { return ".local(\(index))" }
        return ".foreign(\(SwiftName.type(name)).interface)"
    }
}
