/// Why a protocol description can't be turned into code, in the `file:line: error:` form that build systems show.
public struct Diagnostic: Error, Equatable, CustomStringConvertible {
    /// The XML file, as it was named to the scanner.
    public var file: String
    /// The line in `file`, from 1.
    public var line: Int
    /// What is wrong, and what to do about it.
    public var message: String

    /// Says `message` about `line` of `file`.
    public init(file: String, line: Int, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: error: message`.
    public var description: String { "\(file):\(line): error: \(message)" }
}
