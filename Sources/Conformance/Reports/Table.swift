extension Report {
    /// A case's line: its outcome, its name, and what there is to say.
    package static func line(_ record: CaseRecord) -> String {
        let width = Outcome.allCases.map(\.rawValue.count).max()!
        let padding = String(repeating: " ", count: width - record.outcome.rawValue.count)
        // Failures are told at the end.
        let detail = record.detail.isEmpty || record.outcome.isFailure ? "" : "  (\(record.detail))"
        return "  \(record.outcome.rawValue)\(padding)  \(record.name)\(detail)"
    }

    /// What stands below the table: what failed and why, and the counts.
    package var summary: [String] {
        var lines: [String] = []
        for record in records where record.outcome.isFailure {
            lines += ["", "\(record.group)/\(record.name): \(record.outcome.rawValue)"]
            lines += ["  rule: \(record.rule)", "  \(record.detail)"]
        }
        lines.append("")
        let counts = Outcome.allCases.filter { count($0) > 0 }.map { "\(count($0)) \($0.rawValue)" }
        lines.append("\(records.count) cases: " + counts.joined(separator: ", "))
        if restarts > 0 { lines.append("the server was started again \(restarts) times") }
        if let before, let after {
            lines += ["before: \(before.description)", "after: \(after.description)"]
        }
        return lines
    }
}
