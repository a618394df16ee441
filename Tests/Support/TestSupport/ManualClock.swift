public import Compositor

/// A clock that stands still until a test moves it.
public final class ManualClock: Clock {
    /// Nanoseconds; starts at one second, so that nothing is at zero.
    public private(set) var now: UInt64 = 1_000_000_000
    private var alarms: [WeakAlarm] = []

    private struct WeakAlarm {
        weak var alarm: ManualAlarm?
    }

    /// A clock without alarms.
    public init() {}

    /// How many alarms are set: 0 means that nothing would wake the process up.
    public var armedCount: Int { alarms.count { $0.alarm?.deadline != nil } }

    /// Makes an alarm that goes off when the clock is moved past its time.
    public func makeAlarm(_ action: @escaping () -> Void) -> any Alarm {
        let alarm = ManualAlarm(action)
        alarms.append(WeakAlarm(alarm: alarm))
        return alarm
    }

    /// Moves the clock on, letting alarms go off in order, each at its own time.
    public func advance(by nanoseconds: UInt64) {
        let end = now + nanoseconds
        while let next = alarms.compactMap(\.alarm).filter({ $0.deadline.map { $0 <= end } ?? false })
            .min(by: { $0.deadline! < $1.deadline! })
        {
            now = max(now, next.deadline!)
            next.fire()
        }
        now = end
    }
}

private final class ManualAlarm: Alarm {
    private(set) var deadline: UInt64?
    private let action: () -> Void

    init(_ action: @escaping () -> Void) {
        self.action = action
    }

    func set(at time: UInt64) { deadline = time }

    func cancel() { deadline = nil }

    func fire() {
        deadline = nil
        action()
    }
}
