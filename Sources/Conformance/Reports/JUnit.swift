extension Report {
    /// The run as JUnit's XML: a testsuite for each group, as CI systems read it.
    package var junit: String {
        var groups: [(name: String, records: [CaseRecord])] = []
        for record in records {
            if groups.last?.name != record.group { groups.append((record.group, [])) }
            groups[groups.count - 1].records.append(record)
        }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"signet conformance\""
        text += " \(Self.totals(records))>\n"
        for group in groups {
            text += "  <testsuite name=\"\(Self.escaped(group.name))\" \(Self.totals(group.records))"
            // Schemas have this for a testsuite alone.
            text += " skipped=\"\(group.records.count { $0.outcome == .skipped || $0.outcome == .notRun })\">\n"
            for record in group.records { text += Self.element(record) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func totals(_ records: [CaseRecord]) -> String {
        let failures = records.count { $0.outcome == .failed }
        let errors = records.count { $0.outcome == .died || $0.outcome == .stalled }
        let time = seconds(records.reduce(0) { $0 + $1.milliseconds })
        return "tests=\"\(records.count)\" failures=\"\(failures)\" errors=\"\(errors)\" time=\"\(time)\""
    }

    private static func element(_ record: CaseRecord) -> String {
        let detail = escaped(record.detail.isEmpty ? record.outcome.rawValue : record.detail)
        let rule = escaped(record.rule)
        var text = "    <testcase classname=\"\(escaped(record.group))\" name=\"\(escaped(record.name))\" "
        text += "time=\"\(seconds(record.milliseconds))\">\n"
        switch record.outcome {
        case .passed: break
        case .allowed: text += "      <system-out>\(detail)</system-out>\n"
        case .failed: text += "      <failure message=\"\(detail)\" type=\"failed\">rule: \(rule)</failure>\n"
        case .died, .stalled:
            text += "      <error message=\"\(detail)\" type=\"\(record.outcome.rawValue)\">rule: \(rule)</error>\n"
        case .skipped, .notRun: text += "      <skipped message=\"\(detail)\"/>\n"
        }
        return text + "    </testcase>\n"
    }

    private static func seconds(_ milliseconds: Int) -> String {
        let rest = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// A text for an attribute or an element. XML 1.0 has no place for most control characters, escaped or not.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3c: result += "&lt;"
            case 0x3e: result += "&gt;"
            case 0x22: result += "&quot;"
            case 0x09, 0x0a, 0x0d: result += "&#\(scalar.value);"
            case 0..<0x20, 0x7f..<0xa0, 0xfffe, 0xffff: result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
