/// Test results as JUnit's XML, as CI services show them: suites of cases. Source: the schema of Apache Ant's task
/// junitreport, which tools agree on.
package struct JUnit {
    /// A test, and how it went.
    package struct Case {
        package enum Outcome {
            case passed
            /// With a line, and the whole text.
            case failed(String, String)
            case skipped(String)
        }

        var name: String
        /// What groups cases inside of a suite.
        var className: String
        var seconds: Double
        var outcome: Outcome
        /// What else is to be known.
        var output = ""
    }

    /// Tests that belong together.
    package struct Suite {
        var name: String
        var cases: [Case]
    }

    var name: String
    var suites: [Suite]

    /// The whole document.
    var xml: String {
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
        let skipped = cases.count { if case .skipped = $0.outcome { true } else { false } }
        var text = " name=\"\(escaped(name))\" tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\""
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
            children += "      <failure message=\"\(escaped(message))\">\(escaped(whole))</failure>\n"
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
            case "\n", "\t": result += "&#\(scalar.value);"
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
