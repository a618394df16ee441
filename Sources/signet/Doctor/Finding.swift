import WaylandServer

/// What a check found: one line of `signet doctor`.
struct Finding: Equatable {
    /// What was looked at.
    let name: String
    /// What was found.
    let state: String
    /// What that means for Signet.
    let meaning: String

    /// Names of devices and folders come from outside: they keep to their line.
    init(_ name: String, _ state: String, _ meaning: String) {
        self.name = name.printable
        self.state = state.printable
        self.meaning = meaning.printable
    }
}

/// Lines of `name: state - meaning`, in columns.
func report(_ findings: [Finding]) -> String {
    let nameWidth = findings.map(\.name.count).max() ?? 0
    let stateWidth = findings.map(\.state.count).max() ?? 0
    var text = ""
    for finding in findings {
        text += padded(finding.name + ":", to: nameWidth + 2) + padded(finding.state, to: stateWidth)
        text += " - " + finding.meaning + "\n"
    }
    return text
}

private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
