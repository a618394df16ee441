import Glibc
import WaylandServer

/// How long the client may take: `signet run --timeout`.
///
/// When the time is over, the client's process group gets TERM, and CONT, as what is stopped couldn't end. Where some
/// of it is still there after a grace, that gets KILL. As long as the group has members, its number is no other's.
final class TimeLimit {
    /// Nanoseconds from TERM to KILL.
    static let grace: UInt64 = 3_000_000_000
    /// Nanoseconds between two looks at a group whose first process has ended: nobody tells when the others do.
    private static let interval: UInt64 = 20_000_000
    /// As timeout(1) has it.
    static let status: CInt = 124
    /// Seconds that can be asked for: a year.
    static let longest = 31_536_000.0

    private let job: Job
    /// Whether the client's time is over.
    private(set) var isOver = false
    /// When there is no grace any more.
    private var end: UInt64 = 0
    /// Whether the client itself has ended.
    private var hasEnded = false
    private var timer: EventLoop.Timer?
    private let action: (Moment) -> Void

    enum Moment {
        /// The group is about to get TERM.
        case over
        /// Nothing of the group is left, or all of it was killed, and the client had ended before.
        case gone
    }

    /// Counts from now on; tells `action` what comes.
    init(seconds: Double, job: Job, loop: EventLoop, _ action: @escaping (Moment) -> Void) {
        self.job = job
        self.action = action
        timer = loop.makeTimer { [unowned self] in proceed() }
        timer?.set(at: EventLoop.now + UInt64(seconds * 1_000_000_000))
    }

    /// The client has ended, after its time was over.
    func clientDidEnd() {
        hasEnded = true
        proceed()
    }

    private func proceed() {
        guard isOver else {
            isOver = true
            action(.over)
            job.send(SIGTERM)
            job.send(SIGCONT)
            end = EventLoop.now + Self.grace
            timer?.set(at: end)
            return
        }
        if EventLoop.now >= end {
            if hasEnded { job.killGroup() } else { job.send(SIGKILL) }
        } else if hasEnded, job.hasProcesses {
            timer?.set(at: min(end, EventLoop.now + Self.interval))
            return
        }
        if hasEnded {
            timer?.cancel()
            action(.gone)
        }
    }
}
