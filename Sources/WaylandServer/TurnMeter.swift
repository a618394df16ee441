internal import SharedMemory

/// How long the event loop's turns take: each is one action, or one client's share of requests.
///
/// A turn that takes long keeps everybody waiting, and so does one that sleeps in a system call, although it takes no
/// CPU at all.
public final class TurnMeter {
    /// The longest turn so far, in nanoseconds of the thread's CPU time.
    public private(set) var longest: UInt64 = 0
    /// The process whose requests it was; nil for something else than requests.
    public private(set) var longestProcess: Int32?
    /// How long a turn slept at most, in nanoseconds: it waited for something other than a CPU. Measured while
    /// ``measuresSleep`` is set.
    public private(set) var longestSleep: UInt64 = 0
    /// How many turns slept for longer than ``longSleep``. One may be the machine's fault: whoever had a lock of the
    /// kernel's that the turn needed lost its CPU. What a request does wrong comes as often as the request.
    public private(set) var longSleeps = 0
    /// A millisecond, in nanoseconds.
    public static let longSleep: UInt64 = 1_000_000

    /// Whether sleep is measured, which costs some microseconds a turn. To be set by the loop's thread.
    public var measuresSleep: Bool {
        get { statistics != nil }
        set { statistics = newValue ? statistics ?? ThreadStatistics() : nil }
    }
    private var statistics: ThreadStatistics?

    init() {}

    func measure(_ client: Client?, _ turn: () -> Void) {
        let before = statistics.flatMap { statistics in statistics.times().map { ($0, ThreadStatistics.Counts.now) } }
        let start = threadTime()
        turn()
        let time = threadTime() &- start
        if time > longest {
            longest = time
            longestProcess = client?.credentials.process
        }
        if let (times, counts) = before, ThreadStatistics.Counts.now.switches > counts.switches,
            let after = statistics?.times()
        {
            let sleep = after.sleep(since: times)
            longestSleep = max(longestSleep, sleep)
            if sleep > Self.longSleep { longSleeps += 1 }
        }
    }
}
