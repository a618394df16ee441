/// Aligned columns of plain text, at most 100 characters wide.
struct Table {
    /// Where a column's text stands.
    enum Alignment { case left, right }

    /// Wider lines break in the last column.
    static let width = 100
    private static let indent = "  "

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[[String]]] = []

    /// A table with these columns; a title may have several lines.
    init(_ columns: [(title: String, alignment: Alignment)]) {
        titles = columns.map(\.title)
        alignments = columns.map(\.alignment)
    }

    /// Adds a row. Each cell is a list of lines.
    mutating func add(_ cells: [[String]]) {
        rows.append(cells)
    }

    /// The whole table, line by line.
    var lines: [String] {
        let heads = titles.map { $0.split(separator: "\n").map(String.init) }
        var widths = titles.indices.map { column in
            ([heads] + rows).flatMap { $0[column] }.map(\.count).max() ?? 0
        }
        let others = widths.dropLast().map { $0 + 2 }.reduce(Self.indent.count, +)
        widths[widths.count - 1] = min(widths[widths.count - 1], Self.width - others)
        let rule = widths.map { [String(repeating: "-", count: $0)] }
        return ([heads, rule] + rows).flatMap { render($0, widths) }
    }

    private func render(_ cells: [[String]], _ widths: [Int]) -> [String] {
        var cells = cells
        cells[cells.count - 1] = cells[cells.count - 1].flatMap { wrapped($0, to: widths[cells.count - 1]) }
        let height = cells.map(\.count).max() ?? 0
        return (0..<height).map { line in
            var text = Self.indent
            for (column, cell) in cells.enumerated() {
                let content = line < cell.count ? cell[line] : ""
                let padding = String(repeating: " ", count: max(0, widths[column] - content.count))
                text += alignments[column] == .left ? content + padding : padding + content
                text += "  "
            }
            while text.last == " " { text.removeLast() }
            return text
        }
    }
}

/// `text` in lines of at most `width` characters, broken between words; lines after the first are indented a little.
func wrapped(_ text: String, to width: Int, indent: String = "  ") -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > width {
            lines.append(line)
            line = indent + word
        } else {
            line += (line.isEmpty ? "" : " ") + word
        }
    }
    return lines + [line]
}
