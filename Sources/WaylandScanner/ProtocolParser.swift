/// Turns a protocol's XML into a ``ProtocolDescription``, or into the first thing that is wrong with it.
///
/// What a description promises to libwayland is checked here, once, so that generated code may rely on it: known
/// argument types, nullability only where the wire has it, version numbers in order, and no name used twice.
public struct ProtocolParser {
    private var reader: XMLReader
    /// Enumerations that arguments refer to, as `interface.enum`, with the place where they do.
    private var references: [(name: String, line: Int)] = []

    private init(reader: XMLReader) {
        self.reader = reader
    }

    /// Reads the description in `bytes`; `file` is what diagnostics call it.
    public static func parse(file: String, bytes: [UInt8]) throws(Diagnostic) -> ProtocolDescription {
        var parser = ProtocolParser(reader: XMLReader(file: file, bytes: bytes))
        while let token = try parser.reader.next() {
            guard case .open(let name, let attributes) = token else { continue }
            guard name == "protocol" else { throw parser.reader.diagnostic("expected <protocol>, found <\(name)>") }
            return try parser.protocolElement(attributes)
        }
        throw parser.reader.diagnostic("there is no <protocol> element")
    }

    private mutating func protocolElement(_ attributes: [String: String]) throws(Diagnostic) -> ProtocolDescription {
        var result = ProtocolDescription(name: try required("name", of: "protocol", in: attributes), interfaces: [])
        try children(of: "protocol") { (parser, name, attributes) throws(Diagnostic) in
            guard name == "interface" else { return try parser.skipElement(name) }
            let interface = try parser.interface(attributes)
            try parser.checkUnique(interface.name, among: result.interfaces.map(\.name), what: "interface")
            result.interfaces.append(interface)
        }
        // What follows the root element must still be well-formed.
        while try reader.next() != nil {}
        try checkReferences(in: result)
        return result
    }

    private mutating func interface(
        _ attributes: [String: String]
    ) throws(Diagnostic) -> ProtocolDescription.Interface {
        var result = ProtocolDescription.Interface(
            name: try required("name", of: "interface", in: attributes),
            version: try number("version", of: "interface", in: attributes),
            summary: "",
            requests: [],
            events: [],
            enums: []
        )
        try children(of: "interface") { (parser, name, attributes) throws(Diagnostic) in
            switch name {
            case "request":
                let message = try parser.message(name, attributes, of: result, after: result.requests.last)
                try parser.checkUnique(message.name, among: result.requests.map(\.name), what: "request")
                result.requests.append(message)
            case "event":
                let message = try parser.message(name, attributes, of: result, after: result.events.last)
                try parser.checkUnique(message.name, among: result.events.map(\.name), what: "event")
                result.events.append(message)
            case "enum":
                let enumeration = try parser.enumeration(attributes)
                try parser.checkUnique(enumeration.name, among: result.enums.map(\.name), what: "enum")
                result.enums.append(enumeration)
            case "description":
                result.summary = attributes["summary"] ?? ""
                try parser.skipElement(name)
            default:
                throw parser.reader.diagnostic("<\(name)> doesn't belong in <interface>")
            }
        }
        return result
    }

    private mutating func message(
        _ element: String,
        _ attributes: [String: String],
        of interface: ProtocolDescription.Interface,
        after previous: ProtocolDescription.Message?
    ) throws(Diagnostic) -> ProtocolDescription.Message {
        if let type = attributes["type"], type != "destructor" {
            throw reader.diagnostic("a \(element)'s type is 'destructor' or absent, not '\(type)'")
        }
        var result = ProtocolDescription.Message(
            name: try required("name", of: element, in: attributes),
            since: try number("since", of: element, in: attributes, default: 1),
            isDestructor: attributes["type"] == "destructor",
            summary: "",
            arguments: []
        )
        guard result.since <= interface.version else {
            throw reader.diagnostic(
                "\(result.name) is since \(result.since), but its interface ends at \(interface.version)"
            )
        }
        if let previous, previous.since > result.since {
            throw reader.diagnostic("\(result.name) is since \(result.since), after one since \(previous.since)")
        }
        try children(of: element) { (parser, name, attributes) throws(Diagnostic) in
            switch name {
            case "arg":
                let argument = try parser.argument(attributes)
                try parser.checkNewObject(argument, in: result)
                if let name = argument.enumeration {
                    let reference = name.contains(".") ? name : "\(interface.name).\(name)"
                    parser.references.append((reference, parser.reader.line))
                }
                try parser.checkUnique(argument.name, among: result.arguments.map(\.name), what: "argument")
                result.arguments.append(argument)
                try parser.skipElement(name)
            case "description":
                result.summary = attributes["summary"] ?? ""
                try parser.skipElement(name)
            default:
                throw parser.reader.diagnostic("<\(name)> doesn't belong in <\(element)>")
            }
        }
        return result
    }

    private func argument(_ attributes: [String: String]) throws(Diagnostic) -> ProtocolDescription.Argument {
        let name = try required("name", of: "arg", in: attributes)
        let type = try required("type", of: "arg", in: attributes)
        guard let kind = ProtocolDescription.Kind(rawValue: type) else {
            throw reader.diagnostic("argument '\(name)' has the unknown type '\(type)'")
        }
        let isNullable = attributes["allow-null"] == "true"
        guard !isNullable || kind == .string || kind == .object else {
            throw reader.diagnostic("argument '\(name)' of type '\(type)' can't be null")
        }
        if attributes["enum"] != nil, kind != .int, kind != .uint {
            throw reader.diagnostic("argument '\(name)' of type '\(type)' can't take values of an enum")
        }
        return ProtocolDescription.Argument(
            name: name,
            kind: kind,
            interface: attributes["interface"],
            enumeration: attributes["enum"],
            isNullable: isNullable,
            summary: attributes["summary"] ?? ""
        )
    }

    /// Bindings return the object that a request makes, so there is one at most. One whose interface only the sender
    /// knows is for wl_registry.bind, which libwayland answers itself.
    private func checkNewObject(
        _ argument: ProtocolDescription.Argument,
        in message: ProtocolDescription.Message
    ) throws(Diagnostic) {
        guard argument.kind == .newID else { return }
        if message.arguments.contains(where: { $0.kind == .newID }) {
            throw reader.diagnostic("\(message.name) makes a second object, '\(argument.name)'")
        }
        if argument.interface == nil, message.name != "bind" {
            throw reader.diagnostic("argument '\(argument.name)' needs the attribute 'interface'")
        }
    }

    /// Enumerations of interfaces that are described elsewhere are for the Swift compiler to find.
    private func checkReferences(in description: ProtocolDescription) throws(Diagnostic) {
        for (name, line) in references {
            let parts = name.split(separator: ".")
            guard let interface = description.interfaces.first(where: { $0.name == parts[0] }) else { continue }
            guard parts.count == 2, interface.enums.contains(where: { $0.name == parts[1] }) else {
                throw reader.diagnostic("there is no enum '\(name)'", line: line)
            }
        }
    }

    private mutating func enumeration(
        _ attributes: [String: String]
    ) throws(Diagnostic) -> ProtocolDescription.Enumeration {
        var result = ProtocolDescription.Enumeration(
            name: try required("name", of: "enum", in: attributes),
            isBitfield: attributes["bitfield"] == "true",
            entries: []
        )
        try children(of: "enum") { (parser, name, attributes) throws(Diagnostic) in
            guard name == "entry" else { return try parser.skipElement(name) }
            let text = try parser.required("value", of: "entry", in: attributes)
            guard let value = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text) else {
                throw parser.reader.diagnostic("'\(text)' isn't a 32-bit number")
            }
            let entry = ProtocolDescription.Entry(
                name: try parser.required("name", of: "entry", in: attributes),
                value: value,
                since: try parser.number("since", of: "entry", in: attributes, default: 1),
                summary: attributes["summary"] ?? ""
            )
            try parser.checkUnique(entry.name, among: result.entries.map(\.name), what: "entry")
            result.entries.append(entry)
            try parser.skipElement(name)
        }
        guard !result.entries.isEmpty else { throw reader.diagnostic("enum '\(result.name)' has no entries") }
        return result
    }

    // MARK: Elements and attributes

    /// Calls `body` for each child element; `body` reads the child up to and including its end.
    private mutating func children(
        of element: String,
        _ body: (inout ProtocolParser, String, [String: String]) throws(Diagnostic) -> Void
    ) throws(Diagnostic) {
        while let token = try reader.next() {
            switch token {
            case .open(let name, let attributes): try body(&self, name, attributes)
            case .close: return
            case .text: continue
            }
        }
    }

    private mutating func skipElement(_ element: String) throws(Diagnostic) {
        try children(of: element) { (parser, name, _) throws(Diagnostic) in try parser.skipElement(name) }
    }

    private func required(
        _ key: String,
        of element: String,
        in attributes: [String: String]
    ) throws(Diagnostic) -> String {
        guard let value = attributes[key], !value.isEmpty else {
            throw reader.diagnostic("<\(element)> needs the attribute '\(key)'")
        }
        return value
    }

    private func number(
        _ key: String,
        of element: String,
        in attributes: [String: String],
        default fallback: Int? = nil
    ) throws(Diagnostic) -> Int {
        if attributes[key] == nil, let fallback { return fallback }
        let text = try required(key, of: element, in: attributes)
        guard let value = Int(text), value > 0 else {
            throw reader.diagnostic("'\(key)' of <\(element)> is a number from 1, not '\(text)'")
        }
        return value
    }

    private func checkUnique(_ name: String, among names: [String], what: String) throws(Diagnostic) {
        if names.contains(name) { throw reader.diagnostic("\(what) '\(name)' is described twice") }
    }
}
