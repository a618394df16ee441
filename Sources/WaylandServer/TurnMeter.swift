internal import CLinux
internal import Glibc
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

    /// Whether sleep is measured, which costs some microseconds a turn. To be set by the loop's thread.
    public var measuresSleep: Bool {
        get { statistics != nil }
        set { statistics = newValue ? statistics ?? ThreadStatistics() : nil }
    }
    private var statistics: ThreadStatistics?

    init() {}

    func measure(_ client: Client?, _ turn: () -> Void) {
        let before = statistics?.read()
        let start = threadTime()
        turn()
        let time = threadTime() &- start
        if time > longest {
            longest = time
            longestProcess = client?.credentials.process
        }
        if let before, let after = statistics?.read(), after.switches > before.switches {
            let (passed, awake) = (after.clock - before.clock, after.waiting - before.waiting + time)
            if passed > awake { longestSleep = max(longestSleep, passed - awake) }
        }
    }
}

/// What the kernel knows of the calling thread besides its CPU time. Sources: getrusage(2), RUSAGE_THREAD; "Scheduler
/// Statistics" of the kernel's documentation for /proc/PID/schedstat.
private final class ThreadStatistics {
    struct Moment {
        /// How often the thread gave up its CPU to wait for something.
        let switches: Int
        /// CLOCK_MONOTONIC, in nanoseconds.
        let clock: UInt64
        /// How long it waited for a CPU, in nanoseconds.
        let waiting: UInt64
    }

    private let file: Descriptor

    init?() {
        let number = unsafe open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        file = Descriptor(owning: number)
    }

    func read() -> Moment? {
        var bytes = [UInt8](repeating: 0, count: 96)
        let count = unsafe pread(file.rawValue, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        // Running time, which is brought up to date at ticks only; waiting time; how often it ran.
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count == 3, let waiting = UInt64(fields[1]) else { return nil }
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(SIGNET_RUSAGE_THREAD), &usage)
        return Moment(switches: usage.ru_nvcsw, clock: EventLoop.now, waiting: waiting)
    }
}

/// CLOCK_THREAD_CPUTIME_ID, in nanoseconds.
private func threadTime() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
