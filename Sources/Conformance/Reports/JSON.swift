extension Report {
    /// The run as JSON; RFC 8259.
    package var json: String {
        let cases = records.map { record in
            let fields = [
                "\"group\": \(Self.quoted(record.group))", "\"name\": \(Self.quoted(record.name))",
                "\"rule\": \(Self.quoted(record.rule))", "\"outcome\": \(Self.quoted(record.outcome.rawValue))",
                "\"detail\": \(Self.quoted(record.detail))", "\"milliseconds\": \(record.milliseconds)",
            ]
            return "    {" + fields.joined(separator: ", ") + "}"
        }
        func footprint(_ value: Footprint?) -> String {
            guard let value else { return "null" }
            return "{\"resident_bytes\": \(value.residentBytes), \"descriptors\": \(value.descriptors)}"
        }
        return """
            {
              "server": \(Self.quoted(server)),
              "restarts": \(restarts),
              "before": \(footprint(before)),
              "after": \(footprint(after)),
              "cases": [
            \(cases.joined(separator: ",\n"))
              ]
            }

            """
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
