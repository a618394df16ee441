import CLinux
import CProcess
import Conformance
import Glibc
import SharedMemory

/// What a case's process says of it, over a pipe.
struct CaseResult {
    let outcome: Outcome
    let detail: String

    /// The outcome, a line break, and the rest.
    var text: String { "\(outcome.rawValue)\n\(detail)" }

    init(outcome: Outcome, detail: String) { (self.outcome, self.detail) = (outcome, detail) }

    init?(text: String) {
        let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let outcome = Outcome(rawValue: String(parts[0])) else { return nil }
        self.init(outcome: outcome, detail: String(parts[1]))
    }

    /// Runs a case in a process of its own, which is killed where it takes too long.
    init(running one: Case, named name: String, at path: String, patience: Int, signals: ConformanceSignals) throws {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Failure("no pipe can be made: \(Errno(rawValue: errno))") }
        let ours = Descriptor(owning: ends[0])
        _ = fcntl(ours.rawValue, F_SETFD, FD_CLOEXEC)
        let process: HelperProcess
        do {
            let theirs = Descriptor(owning: ends[1])
            let own = HelperProcess.ownPath ?? "signet"
            let options = ["conformance-case", "--report-fd", String(theirs.rawValue), "--patience", String(patience)]
            process = try HelperProcess([own] + options + ["--", path, name], mask: signals.originalMask)
        }
        // Limits are meant for the default patience.
        let limit = one.limit * max(1, patience / 4_000)
        let end = Moment.now + Moment.milliseconds(limit * 1_000)
        var bytes: [UInt8] = []
        var isOver = false
        while !isOver, Moment.now < end, !signals.wasInterrupted {
            var item = pollfd(fd: ours.rawValue, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&item, 1, 100) > 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: 4_096)
            let count = unsafe read(ours.rawValue, &chunk, chunk.count)
            if count > 0 { bytes += chunk.prefix(count) }
            isOver = count == 0 || (count < 0 && errno != EINTR)
        }
        if !isOver { kill(-process.process, SIGKILL) }
        let status = process.waitForEnd(milliseconds: isOver ? 2_000 : 10_000)
        if let result = Self(text: String(decoding: bytes, as: UTF8.self)) {
            self = result
        } else if isOver {
            self.init(outcome: .failed, detail: "the case's own process ended with status \(status)")
        } else {
            self.init(outcome: .failed, detail: "it took more than \(limit) s")
        }
    }
}

/// Signals that are to end a run in an orderly way: what was started is ended, and its folder removed.
struct ConformanceSignals {
    /// What programs that are started get.
    let originalMask: sigset_t
    /// Those that weren't ignored at the start, as by nohup(1).
    private let numbers: [CInt]

    init() {
        numbers = [SIGINT, SIGTERM, SIGHUP].filter { signet_signal_is_ignored($0) == 0 }
        var (awaited, original) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&awaited)
        for number in numbers { unsafe sigaddset(&awaited, number) }
        unsafe sigprocmask(SIG_BLOCK, &awaited, &original)
        originalMask = original
    }

    /// Whether one has come. It stays pending, and ends the process once that lets it.
    var wasInterrupted: Bool {
        var pending = sigset_t()
        unsafe sigpending(&pending)
        return numbers.contains { unsafe sigismember(&pending, $0) == 1 }
    }

    /// Lets what is pending have its effect.
    func release() {
        var mask = originalMask
        unsafe sigprocmask(SIG_SETMASK, &mask, nil)
    }
}
