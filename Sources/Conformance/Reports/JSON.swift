internal import Reports

extension Report {
    /// The run as JSON; RFC 8259.
    package var json: String {
        let cases = records.map { record in
            let fields = [
                "\"group\": \(JSON.text(record.group))", "\"name\": \(JSON.text(record.name))",
                "\"rule\": \(JSON.text(record.rule))", "\"outcome\": \(JSON.text(record.outcome.rawValue))",
                "\"detail\": \(JSON.text(record.detail))", "\"milliseconds\": \(record.milliseconds)",
            ]
            return "    {" + fields.joined(separator: ", ") + "}"
        }
        func footprint(_ value: Footprint?) -> String {
            guard let value else { return "null" }
            return "{\"resident_bytes\": \(value.residentBytes), \"descriptors\": \(value.descriptors)}"
        }
        return """
            {
              "server": \(JSON.text(server)),
              "restarts": \(restarts),
              "before": \(footprint(before)),
              "after": \(footprint(after)),
              "cases": [
            \(cases.joined(separator: ",\n"))
              ]
            }

            """
    }
}
