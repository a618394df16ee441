public import WaylandServer

/// CLOCK_MONOTONIC, with the event loop's timers for alarms.
///
/// An alarm that isn't set costs no wake-up.
public final class SystemClock: Clock {
    private let loop: EventLoop

    /// A clock whose alarms go off in `loop`.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// CLOCK_MONOTONIC in nanoseconds.
    public var now: UInt64 { EventLoop.now }

    /// Makes an alarm.
    public func makeAlarm(_ action: @escaping () -> Void) -> any Alarm {
        TimerAlarm(timer: loop.makeTimer(action))
    }
}

private final class TimerAlarm: Alarm {
    private let timer: EventLoop.Timer

    init(timer: EventLoop.Timer) { self.timer = timer }

    func set(at time: UInt64) { timer.set(at: time) }

    func cancel() { timer.cancel() }
}
