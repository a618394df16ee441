/// Looks at a keymap that somebody else wrote, before xkbcommon does.
///
/// xkbcommon trusts what it compiles: a large number makes a large table or ends the process, a long expression
/// overflows the stack, and an include can name any file. So all of that has bounds here that no real keymap comes near
/// to. What is left costs what its length says.
struct KeymapText {
    /// Why a keymap isn't compiled.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case largeKeycode
        case tooManyIncludes
        case includePath
        case longExpression
        case deepNesting
        case unfinished

        var description: String {
            switch self {
            case .largeKeycode: "its keycodes go up to \(KeymapText.largestKeycode) here"
            case .tooManyIncludes: "it includes more than \(KeymapText.includeLimit) files"
            case .includePath: "what it includes is named as in \"complete\" or \"pc+us(intl)\", without .. and %"
            case .longExpression: "an expression of it has more than \(KeymapText.operatorLimit) operators"
            case .deepNesting: "its braces are more than \(KeymapText.depthLimit) deep"
            case .unfinished: "it ends within a text or a comment"
            }
        }
    }

    /// xkbcommon's keycodes; those of real keyboards are below 768.
    static let largestKeycode: UInt64 = 4_095
    /// Files that are included, counted by what stands in include statements.
    static let includeLimit = 64
    /// In one statement.
    static let operatorLimit = 256
    static let depthLimit = 16

    private enum Token: Equatable {
        case word([UInt8])
        case number(UInt64)
        case text([UInt8])
        case keyName
        case symbol(UInt8)
    }

    private var rest: ArraySlice<UInt8>

    /// Looks at all of it, up to the first zero.
    static func check(_ text: [UInt8]) throws(Failure) {
        var reader = KeymapText(rest: text.prefix { $0 != 0 })
        var (includes, operators, depth) = (0, 0, 0)
        var (before, last): (Token?, Token?)
        while let token = try reader.next() {
            switch token {
            case .text(let name) where isInclude(last): includes += try count(name)
            case .number(let value):
                let isKeycode = last == .symbol(UInt8(ascii: "="))
                guard !isKeycode || before != .keyName || value <= largestKeycode else { throw .largeKeycode }
            case .symbol(UInt8(ascii: ";")): operators = 0
            case .symbol(UInt8(ascii: "{")), .symbol(UInt8(ascii: "[")), .symbol(UInt8(ascii: "(")):
                depth += 1
                operators += 1
            case .symbol(UInt8(ascii: "}")), .symbol(UInt8(ascii: "]")), .symbol(UInt8(ascii: ")")): depth -= 1
            case .symbol(let symbol) where "+-*/!~.".utf8.contains(symbol): operators += 1
            default: break
            }
            guard includes <= includeLimit else { throw .tooManyIncludes }
            guard operators <= operatorLimit else { throw .longExpression }
            guard depth <= depthLimit else { throw .deepNesting }
            (before, last) = (last, token)
        }
    }

    /// `include`, and the words that do the same with another way to merge.
    private static func isInclude(_ token: Token?) -> Bool {
        guard case .word(let word) = token else { return false }
        return ["include", "augment", "override", "replace", "alternate"].contains {
            $0.utf8.elementsEqual(word.map { $0 | 0x20 })
        }
    }

    /// How many files an include statement names.
    private static func count(_ name: [UInt8]) throws(Failure) -> Int {
        let isPlain = name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-+|():/, ".utf8.contains(byte)
            }
        }
        guard isPlain, name.first != UInt8(ascii: "/") else { throw .includePath }
        return 1 + name.count { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "|") }
    }

    private mutating func next() throws(Failure) -> Token? {
        while let first = rest.first {
            switch first {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): rest.removeFirst()
            case UInt8(ascii: "#"): skipLine()
            case UInt8(ascii: "/") where rest.dropFirst().first == first: skipLine()
            case UInt8(ascii: "\""):
                rest.removeFirst()
                let text = rest.prefix { $0 != UInt8(ascii: "\"") }
                guard text.endIndex < rest.endIndex else { throw .unfinished }
                rest = rest[(text.endIndex + 1)...]
                return .text(Array(text))
            case UInt8(ascii: "<"):
                let name = rest.prefix { $0 != UInt8(ascii: ">") }
                guard name.endIndex < rest.endIndex else { throw .unfinished }
                rest = rest[(name.endIndex + 1)...]
                return .keyName
            case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
            default:
                guard Self.isWord(first) else { return .symbol(rest.removeFirst()) }
                let word = rest.prefix { Self.isWord($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                rest = rest[word.endIndex...]
                return .word(Array(word))
            }
        }
        return nil
    }

    private mutating func skipLine() { rest = rest.drop { $0 != UInt8(ascii: "\n") } }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Decimal, hexadecimal or with a fraction; one that doesn't fit is the largest that there is.
    private mutating func number() -> Token {
        let digits = rest.prefix { Self.isWord($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        let isHex = digits.count > 1 && digits[digits.startIndex + 1] | 0x20 == UInt8(ascii: "x")
        let text = String(decoding: isHex ? digits.dropFirst(2) : digits, as: UTF8.self)
        return .number(UInt64(text, radix: isHex ? 16 : 10) ?? .max)
    }
}
