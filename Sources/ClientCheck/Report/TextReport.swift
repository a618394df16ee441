import WaylandServer

extension CheckResult {
    /// What was found, for people: a block for each finding.
    public var text: String {
        let all = findings
        var text = ""
        for finding in all { text += finding.paragraph }
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

extension Finding {
    /// What it says, in lines.
    var paragraph: String {
        let times = count > 1 ? ", \(count) times" : ""
        let place = "\(object), scene \(scene) at \(seconds(time))\(times)"
        return """
            \(severity.rawValue): \(judgement): \(text.printable)
                where  \(place.printable)
                rule   \(rule)
                do     \(remedy.printable)

            """
    }
}
