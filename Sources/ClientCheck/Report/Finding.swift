/// How bad something is.
public enum Severity: String, Comparable, Sendable, CaseIterable {
    /// May be meant, and costs something.
    case hint
    /// Works here, and makes compositors' work hard or unsafe.
    case warning
    /// Breaks the protocol, or ends the client.
    case error

    /// From the mildest on.
    public static func < (left: Severity, right: Severity) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// Something that a client does wrong.
public struct Finding: Sendable {
    /// Which judgement found it, as in `damage`.
    public var judgement: String
    /// How bad it is.
    public var severity: Severity
    /// In which scene it showed first, as in `ordinary`.
    public var scene = ""
    /// The object, as in `wl_surface#12`; the client itself where it is none of them.
    public var object: String
    /// Seconds since the client was started.
    public var time: Double
    /// What was seen, in a sentence.
    public var text: String
    /// The rule, with its place.
    public var rule: String
    /// What to do.
    public var remedy: String
    /// How often it was seen.
    public var count = 1
    /// What is the same finding: what differs in numbers alone is told once.
    var key: String
}
