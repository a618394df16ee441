/// Writing JSON, as RFC 8259 has it.
package enum JSON {
    /// A text, between quotes. What a terminal would act upon is escaped too, so that a result can be looked at.
    package static func text(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where isInvisible(scalar):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// An array of values that are written already.
    package static func array(_ values: some Sequence<String>) -> String { "[\(values.joined(separator: ", "))]" }

    /// An object of values that are written already.
    package static func object(_ members: KeyValuePairs<String, String>) -> String {
        "{\(members.map { "\(text($0)): \($1)" }.joined(separator: ", "))}"
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
