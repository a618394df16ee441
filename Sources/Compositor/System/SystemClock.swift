internal import CLinux
internal import Glibc
internal import SharedMemory
public import WaylandServer

/// CLOCK_MONOTONIC, with timerfds in the event loop for alarms.
///
/// An alarm that isn't set costs a descriptor and no wake-up. Source: timerfd_create(2).
public final class SystemClock: Clock {
    private let loop: EventLoop

    /// A clock whose alarms go off in `loop`.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// CLOCK_MONOTONIC in nanoseconds.
    public var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Makes an alarm. Ends the process where there is no descriptor for it, which can only happen at start.
    public func makeAlarm(_ action: @escaping () -> Void) -> any Alarm {
        let number = timerfd_create(CLOCK_MONOTONIC, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK))
        guard number >= 0 else { fatalError("timerfd_create: errno \(errno)") }
        return TimerAlarm(Descriptor(owning: number), loop: loop, action: action)
    }
}

private final class TimerAlarm: Alarm {
    private let descriptor: Descriptor
    private var source: EventLoop.Source?

    init(_ descriptor: consuming Descriptor, loop: EventLoop, action: @escaping () -> Void) {
        let number = descriptor.rawValue
        self.descriptor = descriptor
        source = loop.watch(number, for: .readable) { _ in
            var expirations: UInt64 = 0
            guard unsafe read(number, &expirations, 8) == 8 else { return }
            action()
        }
    }

    deinit {
        source?.remove()
    }

    func set(at time: UInt64) {
        // Zero would disarm the timer.
        let time = max(time, 1)
        arm(timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000)))
    }

    func cancel() {
        arm(timespec())
    }

    private func arm(_ time: timespec) {
        var setting = itimerspec(it_interval: timespec(), it_value: time)
        unsafe timerfd_settime(descriptor.rawValue, CInt(TFD_TIMER_ABSTIME), &setting, nil)
    }
}
