import WaylandServer

extension CheckResult {
    /// What was found, for people: a block for each finding.
    public var text: String {
        let all = findings
        var text = ""
        for finding in all {
            let times = finding.count > 1 ? ", \(finding.count) times" : ""
            let place = "\(finding.object), \(finding.scene) at \(seconds(finding.time))\(times)"
            text += "\(finding.severity.rawValue): \(finding.judgement): \(finding.text.printable)\n"
            text += "    where  \(place.printable)\n    rule   \(finding.rule)\n    do     \(finding.remedy)\n"
        }
        for note in notes { text += "note: \(note.printable)\n" }
        let counts = Severity.allCases.reversed().map { severity in
            let count = all.count { $0.severity == severity }
            return "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        let (sceneCount, judgementCount) = (scenes.count, judgements.count)
        text += "\(counts.joined(separator: ", ")) in \(sceneCount) scene\(sceneCount == 1 ? "" : "s"), "
        return text + "\(judgementCount) judgement\(judgementCount == 1 ? "" : "s")\n"
    }
}
