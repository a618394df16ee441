import Testing

@testable import ClientCheck

struct ReportTests {
    private func finding(_ severity: Severity, _ text: String, scene: String = "ordinary", key: String = "") -> Finding
    {
        var result = Finding(
            judgement: "damage",
            severity: severity,
            object: "wl_surface#7",
            time: 1.23456,
            text: text,
            rule: "a rule",
            remedy: "a remedy",
            key: key
        )
        result.scene = scene
        return result
    }

    private func result(_ findings: [[Finding]]) -> CheckResult {
        var result = CheckResult(client: ["client", "a \"word\"", "\u{1}<&>"])
        result.judgements = [("damage", "it's covered")]
        result.scenes = findings.map { .init(name: $0.first?.scene ?? "ordinary", duration: 3, findings: $0) }
        return result
    }

    @Test func `what several scenes found is told once, what is worst first`() {
        let all = result([
            [finding(.hint, "mild", key: "1"), finding(.error, "bad", key: "2")],
            [finding(.error, "bad again", scene: "close", key: "2")],
        ])
        #expect(all.findings.map(\.text) == ["bad", "mild"])
        #expect(all.findings.map(\.count) == [2, 1])
        #expect(all.text.hasSuffix("1 error, 0 warnings, 1 hint in 2 scenes, 1 judgement\n"))
    }

    @Test func `text from outside keeps to its place`() {
        let all = result([[finding(.error, "it said \"\u{1b}[31m\n\"")]])
        #expect(all.json.contains(#""it said \"\u001b[31m\u000a\"""#))
        #expect(!all.text.contains("\u{1b}") && all.text.contains("error: damage: it said"))
        let xml = all.junit(failingFrom: .error)
        #expect(xml.contains("name=\"signet check client a &quot;word&quot; \u{fffd}&lt;&amp;&gt;\""))
        #expect(xml.contains("<failure message=\"it said &quot;\u{fffd}[31m&#10;&quot;\" type=\"failed\">"))
    }

    @Test func `a warning fails a case only where it is to`() {
        let all = result([[finding(.warning, "mild")]])
        #expect(all.junit(failingFrom: .error).contains("failures=\"0\""))
        #expect(all.junit(failingFrom: .error).contains("<system-out>warning: damage: mild"))
        #expect(all.junit(failingFrom: .warning).contains("failures=\"1\""))
    }
}
