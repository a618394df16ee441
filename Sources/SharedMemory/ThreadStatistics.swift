internal import CLinux
internal import Glibc

/// What the kernel knows of the thread that made this: what it did, and what it waited for. Sources: getrusage(2),
/// RUSAGE_THREAD; "Scheduler Statistics" of the kernel's documentation for /proc/PID/schedstat.
package final class ThreadStatistics {
    /// Counts that go up.
    package struct Counts {
        /// How often the thread gave up its CPU to wait for something.
        package let switches: Int
        /// Pages that weren't there when it looked at them.
        package let faults: Int

        /// Those of the calling thread.
        package static var now: Counts {
            var usage = rusage()
            unsafe getrusage(__rusage_who_t(SIGNET_RUSAGE_THREAD), &usage)
            return Counts(switches: usage.ru_nvcsw, faults: usage.ru_minflt + usage.ru_majflt)
        }
    }

    /// Times, in nanoseconds.
    package struct Times {
        /// CLOCK_MONOTONIC.
        package let clock: UInt64
        /// How long it ran.
        package let running: UInt64
        /// How long it waited for a CPU.
        package let waiting: UInt64

        /// How long it slept since an earlier moment: waited for something other than a CPU.
        package func sleep(since earlier: Times) -> UInt64 {
            let (passed, awake) = (clock - earlier.clock, running - earlier.running + waiting - earlier.waiting)
            return passed > awake ? passed - awake : 0
        }
    }

    private let file: Descriptor

    /// Nil where there is no /proc, or no descriptor for it.
    package init?() {
        let number = unsafe open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        file = Descriptor(owning: number)
    }

    /// The thread's times so far; to be called by it.
    package func times() -> Times? {
        waiting().map { Times(clock: Self.clock, running: threadTime(), waiting: $0) }
    }

    /// How long the thread has waited for a CPU so far, in nanoseconds.
    package func waiting() -> UInt64? {
        var bytes = [UInt8](repeating: 0, count: 96)
        let count = unsafe pread(file.rawValue, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        // Running time, which is brought up to date at ticks only; waiting time; how often it ran.
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return fields.count == 3 ? UInt64(fields[1]) : nil
    }

    /// CLOCK_MONOTONIC, in nanoseconds.
    package static var clock: UInt64 { time(of: CLOCK_MONOTONIC) }
}

/// CLOCK_THREAD_CPUTIME_ID of the calling thread, in nanoseconds.
package func threadTime() -> UInt64 { time(of: CLOCK_THREAD_CPUTIME_ID) }

/// What a clock says, in nanoseconds; clock_gettime(2).
package func time(of clock: CInt) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
