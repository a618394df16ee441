internal import Reports

extension CheckResult {
    /// What was found, as JUnit's XML: a suite for each scene, in it a case for each judgement. From `severity` on a
    /// finding fails its case; others are told in its output.
    public func junit(failingFrom severity: Severity) -> String {
        let suites = scenes.map { scene in
            JUnit.Suite(
                name: scene.name,
                cases: judgements.map { testCase($0.name, scene, severity) }
            )
        }
        return JUnit(name: "signet check " + client.joined(separator: " "), suites: suites).xml
    }

    private func testCase(_ judgement: String, _ scene: SceneResult, _ severity: Severity) -> JUnit.Case {
        let all = scene.findings.filter { $0.judgement == judgement }
        let failing = all.filter { $0.severity >= severity }
        let others = all.filter { $0.severity < severity }
        return JUnit.Case(
            name: judgement,
            className: "\(client.first ?? "client").\(scene.name)",
            // The judgements of a scene look at the same time.
            seconds: scene.duration / Double(max(1, judgements.count)),
            outcome: failing.first.map { .failed($0.text, failing.map(\.paragraph).joined(separator: "\n")) }
                ?? .passed,
            output: others.map(\.paragraph).joined(separator: "\n")
        )
    }
}
