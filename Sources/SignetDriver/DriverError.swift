public import WaylandClient

/// Why something can't be done, in one sentence that says what to do.
public enum DriverError: Error, CustomStringConvertible {
    /// There is no compositor, or it has gone away.
    case connection(Connection.Failure)
    /// The compositor lacks something, or offers it to others only.
    case missing(String)
    /// There is no window, output or key like that.
    case noMatch(String)
    /// A client hasn't answered in time.
    case noAnswer(String)
    /// What was waited for didn't come.
    case timeout(String)
    /// It can't be done as asked.
    case refused(String)

    /// The sentence.
    public var description: String {
        switch self {
        case .connection(let failure): "the compositor has gone away: \(failure)"
        case .missing(let text), .noMatch(let text), .noAnswer(let text), .timeout(let text), .refused(let text): text
        }
    }
}
