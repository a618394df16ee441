/// How a case ended, seen from outside of its process.
package enum Outcome: String, Sendable, CaseIterable {
    case passed
    /// As one of several ways that the rule leaves open.
    case allowed
    case failed
    case skipped
    /// The server's process ended, or nobody listens any more.
    case died = "server died"
    /// The server isn't there for others any more.
    case stalled = "server stalled"
    /// There was no server any more.
    case notRun = "not run"

    /// Whether the server is at fault.
    package var isFailure: Bool { self == .failed || self == .died || self == .stalled }
}

/// A case's result.
package struct CaseRecord: Sendable {
    package let group: String
    package let name: String
    package let rule: String
    package let outcome: Outcome
    /// Why, or which of the allowed ways; may be empty.
    package let detail: String
    package let milliseconds: Int

    package init(group: String, _ one: Case, _ outcome: Outcome, _ detail: String, milliseconds: Int) {
        (self.group, name, rule) = (group, one.name, one.rule)
        (self.outcome, self.detail, self.milliseconds) = (outcome, detail, milliseconds)
    }
}

/// What the server's process has, by /proc.
package struct Footprint: Sendable {
    package let residentBytes: Int
    package let descriptors: Int

    package init(residentBytes: Int, descriptors: Int) {
        (self.residentBytes, self.descriptors) = (residentBytes, descriptors)
    }

    package var description: String { "\(residentBytes / 1024) KiB resident, \(descriptors) descriptors" }
}

/// A whole run.
package struct Report: Sendable {
    package var records: [CaseRecord] = []
    /// What was started, and was run against.
    package var server = ""
    /// When the server was started, and when the last case was over; nil where the server isn't a child, or was
    /// started anew.
    package var before: Footprint?
    package var after: Footprint?
    /// How often the server had to be started again.
    package var restarts = 0

    package init() {}

    package func count(_ outcome: Outcome) -> Int { records.count { $0.outcome == outcome } }

    package var hasFailures: Bool { records.contains { $0.outcome.isFailure || $0.outcome == .notRun } }
}
