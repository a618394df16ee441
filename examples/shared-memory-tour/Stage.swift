/// One way of sharing memory, from making it to its end.
protocol Stage {
    /// What it is about, with the calls.
    var title: String { get }
    /// Whether a compositor can use it, and why: one sentence.
    var verdict: String { get }
    /// Walks through it. Whatever it makes is gone again when it returns or throws.
    func run(_ report: Report) throws
}

/// A part of the tour that this machine has nothing for.
struct Skipped: Error {
    /// Continues "skipped, because".
    let reason: String

    init(because reason: String) {
        self.reason = reason
    }
}

/// How much memory each stage shares: enough to be seen in a whole machine's numbers.
let sharedSize = 8 << 20
