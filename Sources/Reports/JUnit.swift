/// Test results as JUnit's XML, as CI services show them: suites of cases. Source: the schema of Apache Ant's task
/// junitreport, which tools agree on.
package struct JUnit {
    /// A test, and how it went.
    package struct Case {
        package enum Outcome {
            case passed
            /// With a line, and the whole text.
            case failed(String, String)
            /// The test itself couldn't go on: of what type that is, with a line, and the whole text.
            case error(String, String, String)
            case skipped(String)
        }

        let name: String
        /// What groups cases inside of a suite.
        let className: String
        let seconds: Double
        let outcome: Outcome
        /// What else is to be known.
        let output: String

        package init(name: String, className: String, seconds: Double, outcome: Outcome, output: String = "") {
            (self.name, self.className, self.seconds) = (name, className, seconds)
            (self.outcome, self.output) = (outcome, output)
        }
    }

    /// Tests that belong together.
    package struct Suite {
        let name: String
        let cases: [Case]

        package init(name: String, cases: [Case]) { (self.name, self.cases) = (name, cases) }
    }

    private let name: String
    private let suites: [Suite]

    package init(name: String, suites: [Suite]) { (self.name, self.suites) = (name, suites) }

    /// The whole document.
    package var xml: String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuites\(attributes(suites.flatMap(\.cases), name: name, hasSkipped: false))>\n"
        for suite in suites {
            text += "  <testsuite\(attributes(suite.cases, name: suite.name, hasSkipped: true))>\n"
            for test in suite.cases { text += element(test) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private func attributes(_ cases: [Case], name: String, hasSkipped: Bool) -> String {
        let failures = cases.count { if case .failed = $0.outcome { true } else { false } }
        let errors = cases.count { if case .error = $0.outcome { true } else { false } }
        let skipped = cases.count { if case .skipped = $0.outcome { true } else { false } }
        var text = " name=\"\(escaped(name))\" tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
        // Schemas have this for a testsuite alone.
        if hasSkipped { text += " skipped=\"\(skipped)\"" }
        return text + " time=\"\(time(cases.reduce(0) { $0 + $1.seconds }))\""
    }

    private func element(_ test: Case) -> String {
        var text = "    <testcase name=\"\(escaped(test.name))\" classname=\"\(escaped(test.className))\""
        text += " time=\"\(time(test.seconds))\""
        var children = ""
        switch test.outcome {
        case .passed: break
        case .failed(let message, let whole):
            children += "      <failure message=\"\(escaped(message))\" type=\"failed\">\(escaped(whole))</failure>\n"
        case .error(let type, let message, let whole):
            let attributes = "message=\"\(escaped(message))\" type=\"\(escaped(type))\""
            children += "      <error \(attributes)>\(escaped(whole))</error>\n"
        case .skipped(let message): children += "      <skipped message=\"\(escaped(message))\"/>\n"
        }
        if !test.output.isEmpty { children += "      <system-out>\(escaped(test.output))</system-out>\n" }
        return children.isEmpty ? text + "/>\n" : text + ">\n\(children)    </testcase>\n"
    }

    private func time(_ seconds: Double) -> String { String((seconds * 1_000).rounded() / 1_000) }

    /// Text that can stand in an element and in an attribute; characters that XML has no way to write become U+FFFD.
    /// Source: XML 1.0, 2.2.
    private func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t", "\r": result += "&#\(scalar.value);"
            default:
                let isUnwritable = [0..<0x20, 0x7f..<0xa0, 0xfffe..<0x10000].contains { $0.contains(scalar.value) }
                result.unicodeScalars.append(isUnwritable ? "\u{fffd}" : scalar)
            }
        }
        return result
    }
}
