internal import Reports

extension Report {
    /// The run as JUnit's XML: a testsuite for each group, as CI systems read it.
    package var junit: String {
        var groups: [(name: String, cases: [JUnit.Case])] = []
        for record in records {
            if groups.last?.name != record.group { groups.append((record.group, [])) }
            groups[groups.count - 1].cases.append(Self.testCase(record))
        }
        return JUnit(name: "signet conformance", suites: groups.map { JUnit.Suite(name: $0.name, cases: $0.cases) }).xml
    }

    private static func testCase(_ record: CaseRecord) -> JUnit.Case {
        let detail = record.detail.isEmpty ? record.outcome.rawValue : record.detail
        let rule = "rule: \(record.rule)"
        let outcome: JUnit.Case.Outcome =
            switch record.outcome {
            case .passed, .allowed: .passed
            case .failed: .failed(detail, rule)
            case .died, .stalled: .error(record.outcome.rawValue, detail, rule)
            case .skipped, .notRun: .skipped(detail)
            }
        return JUnit.Case(
            name: record.name,
            className: record.group,
            seconds: Double(record.milliseconds) / 1_000,
            outcome: outcome,
            output: record.outcome == .allowed ? detail : ""
        )
    }
}
