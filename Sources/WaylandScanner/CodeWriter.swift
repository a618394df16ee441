/// Lines of Swift, indented by the braces that are open.
struct CodeWriter {
    private(set) var text = ""
    private var depth = 0

    /// One line, or an empty one.
    mutating func line(_ content: String = "") {
        text += content.isEmpty ? "\n" : String(repeating: "    ", count: depth) + content + "\n"
    }

    /// `header {`, what `body` writes, `}`.
    mutating func block(_ header: String, _ body: (inout CodeWriter) -> Void) {
        line(header + " {")
        indented(body)
        line("}")
    }

    /// What `body` writes, one level deeper.
    mutating func indented(_ body: (inout CodeWriter) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }
}
