/// A reader for the XML that protocol descriptions are written in: elements, attributes, text, comments and CDATA.
///
/// It is here so that generating code needs no Foundation: protocol files use a small part of XML, and what lies
/// outside it (a DTD's own entities, namespaces) is an error with a line number, never a guess.
struct XMLReader {
    enum Token: Equatable {
        case open(name: String, attributes: [String: String])
        case close(name: String)
        case text(String)
    }

    private let file: String
    private let bytes: [UInt8]
    private var position = 0
    private(set) var line = 1
    /// The elements that are open at `position`, outermost first, with the line each was opened in.
    private var openElements: [(name: String, line: Int)] = []
    /// An element written as `<name/>` closes itself with the next token.
    private var pendingClose: String?

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
    }

    func diagnostic(_ message: String, line: Int? = nil) -> Diagnostic {
        Diagnostic(file: file, line: line ?? self.line, message: message)
    }

    /// The next element boundary or piece of text; nil at the end of a complete document.
    mutating func next() throws(Diagnostic) -> Token? {
        if let name = pendingClose {
            pendingClose = nil
            openElements.removeLast()
            return .close(name: name)
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                return .text(try text())
            } else if skip("<!--") {
                try skipPast("-->", opening: "comment")
            } else if skip("<![CDATA[") {
                return .text(try take(until: "]]>", opening: "CDATA section"))
            } else if skip("<?") {
                try skipPast("?>", opening: "processing instruction")
            } else if skip("<!DOCTYPE") {
                try skipPast(">", opening: "document type")
            } else {
                return try tag()
            }
        }
        if let innermost = openElements.last {
            throw diagnostic("<\(innermost.name)> is never closed", line: innermost.line)
        }
        return nil
    }

    private mutating func tag() throws(Diagnostic) -> Token {
        let start = line
        advance()
        if skip("/") {
            let name = try self.name()
            skipSpace()
            guard skip(">") else { throw diagnostic("expected '>' after </\(name)") }
            guard let innermost = openElements.popLast(), innermost.name == name else {
                throw diagnostic("</\(name)> closes nothing that is open", line: start)
            }
            return .close(name: name)
        }
        let name = try self.name()
        var attributes: [String: String] = [:]
        while true {
            skipSpace()
            if skip("/>") {
                pendingClose = name
                break
            }
            if skip(">") { break }
            let key = try self.name()
            skipSpace()
            guard skip("=") else { throw diagnostic("attribute '\(key)' has no value") }
            skipSpace()
            guard attributes.updateValue(try quoted(), forKey: key) == nil else {
                throw diagnostic("attribute '\(key)' is given twice")
            }
        }
        openElements.append((name, start))
        return .open(name: name, attributes: attributes)
    }

    private mutating func name() throws(Diagnostic) -> String {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                advance()
                continue
            default: break
            }
            break
        }
        guard position > start else { throw diagnostic("expected a name") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func quoted() throws(Diagnostic) -> String {
        for quote in ["\"", "'"] where skip(quote) {
            return try unescape(try take(until: quote, opening: "attribute value"))
        }
        throw diagnostic("expected a quoted attribute value")
    }

    private mutating func text() throws(Diagnostic) -> String {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { advance() }
        return try unescape(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private func unescape(_ text: String) throws(Diagnostic) -> String {
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            guard let end = rest[ampersand...].firstIndex(of: ";") else {
                throw diagnostic("'&' starts an entity that has no ';'; write &amp; for the character")
            }
            let entity = rest[rest.index(after: ampersand)..<end]
            guard let character = Self.character(ofEntity: entity) else {
                throw diagnostic("unknown entity '&\(entity);'")
            }
            result.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(ofEntity entity: Substring) -> Character? {
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let number =
                entity.hasPrefix("#x")
                ? UInt32(entity.dropFirst(2), radix: 16) : entity.hasPrefix("#") ? UInt32(entity.dropFirst()) : nil
            return number.flatMap(Unicode.Scalar.init).map { Character($0) }
        }
    }

    // MARK: Bytes

    private mutating func advance() {
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private mutating func skip(_ literal: String) -> Bool {
        guard bytes[position...].starts(with: literal.utf8) else { return false }
        for _ in literal.utf8 { advance() }
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { advance() }
    }

    private mutating func skipPast(_ literal: String, opening: String) throws(Diagnostic) {
        _ = try take(until: literal, opening: opening)
    }

    private mutating func take(until literal: String, opening: String) throws(Diagnostic) -> String {
        let start = position
        let startLine = line
        while position < bytes.count {
            let end = position
            if skip(literal) { return String(decoding: bytes[start..<end], as: UTF8.self) }
            advance()
        }
        throw diagnostic("\(opening) is never closed", line: startLine)
    }
}
