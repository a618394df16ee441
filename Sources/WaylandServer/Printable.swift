extension String {
    /// The text as it can stand in one line of a log or on a terminal: control and format characters, among them line
    /// breaks, escape sequences and marks that turn the direction of writing, become `\u{...}`.
    ///
    /// For names that clients, files and /proc bring, and for all that they are part of.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isInvisible) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isInvisible {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    fileprivate var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
