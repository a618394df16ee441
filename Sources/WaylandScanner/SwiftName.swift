/// The Swift names of a protocol's things: `wl_surface` becomes `WlSurface`, `damage_buffer` `damageBuffer`.
enum SwiftName {
    /// A type's name. `X.Type` means something else in Swift, so an enumeration called `type` becomes `TypeValue`.
    static func type(_ name: String) -> String {
        let joined = words(name).map(capitalised).joined()
        return joined == "Type" || joined == "Protocol" || joined == "Self" ? joined + "Value" : joined
    }

    /// A method's, property's or case's name, escaped where Swift has other plans for the word.
    static func member(_ name: String) -> String {
        let joined = bareMember(name)
        return keywords.contains(joined) ? "`\(joined)`" : joined
    }

    /// A label or member without the escape, for use inside a longer name.
    static func bareMember(_ name: String) -> String {
        let parts = words(name)
        let joined = parts[0] + parts.dropFirst().map(capitalised).joined()
        return joined.first!.isNumber ? "_" + joined : joined
    }

    /// `wl_output.transform`, or `transform` inside of `wl_output`, as a type.
    static func enumeration(_ reference: String, in interface: String) -> String {
        let parts = reference.split(separator: ".").map(String.init)
        return parts.count == 2 ? "\(type(parts[0])).\(type(parts[1]))" : "\(type(interface)).\(type(reference))"
    }

    /// A text that fits into a one-line comment.
    static func comment(_ text: String, otherwise fallback: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.isEmpty ? fallback : line
    }

    private static func words(_ name: String) -> [String] {
        let parts = name.split(separator: "_").map(String.init)
        return parts.isEmpty ? ["_"] : parts
    }

    private static func capitalised(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }

    private static let keywords: Set<String> = [
        "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else",
        "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in",
        "init", "inout", "internal", "is", "let", "nil", "operator", "private", "protocol", "public", "repeat",
        "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true",
        "try", "typealias", "var", "where", "while",
    ]
}
