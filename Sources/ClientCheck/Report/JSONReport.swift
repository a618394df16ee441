internal import Reports

extension CheckResult {
    /// What was found, for programs: one JSON object. Source: RFC 8259.
    public var json: String {
        var scenesText: [String] = []
        for scene in scenes {
            let findings = scene.findings.map { $0.json(indent: "        ") }.joined(separator: ",\n")
            scenesText.append(
                """
                    {
                      "name": \(scene.name.jsonText),
                      "seconds": \(scene.duration.jsonText),
                      "findings": [\(findings.isEmpty ? "" : "\n\(findings)\n      ")]
                    }
                """
            )
        }
        let judged = judgements.map { "    {\"name\": \($0.name.jsonText), \"summary\": \($0.summary.jsonText)}" }
        return """
            {
              "client": [\(client.map(\.jsonText).joined(separator: ", "))],
              "judgements": [
            \(judged.joined(separator: ",\n"))
              ],
              "scenes": [
            \(scenesText.joined(separator: ",\n"))
              ],
              "notes": [\(notes.map(\.jsonText).joined(separator: ", "))]
            }

            """
    }
}

extension Finding {
    fileprivate func json(indent: String) -> String {
        let pairs = [
            ("judgement", judgement.jsonText), ("severity", severity.rawValue.jsonText), ("object", object.jsonText),
            ("seconds", time.jsonText), ("count", String(count)), ("text", text.jsonText), ("rule", rule.jsonText),
            ("remedy", remedy.jsonText),
        ]
        let lines = pairs.map { "\(indent)  \"\($0)\": \($1)" }.joined(separator: ",\n")
        return "\(indent){\n\(lines)\n\(indent)}"
    }
}

extension String {
    /// With its quotes.
    fileprivate var jsonText: String { JSON.text(self) }
}

extension Double {
    /// In milliseconds' steps.
    fileprivate var jsonText: String { String((self * 1_000).rounded() / 1_000) }
}
