/// Where the compositor gets the time from, and what wakes it up later.
///
/// Everything that depends on time asks here, so that a test can move the clock by hand.
public protocol Clock: AnyObject {
    /// Nanoseconds since some fixed point, never going back.
    var now: UInt64 { get }
    /// Something that can be set to call `action` at a time.
    func makeAlarm(_ action: @escaping () -> Void) -> any Alarm
}

/// One wake-up, set or not. It doesn't repeat.
public protocol Alarm: AnyObject {
    /// Calls the action when the clock reaches `time`, in nanoseconds; a time that has passed means soon. Takes the
    /// place of what was set before.
    func set(at time: UInt64)
    /// Takes the wake-up back.
    func cancel()
}
