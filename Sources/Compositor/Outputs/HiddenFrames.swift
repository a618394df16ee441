/// The slow clock for surfaces that nobody can see.
///
/// Their clients wait for frame callbacks too, and some would hang without; one a second keeps them going and costs
/// next to nothing. The clock runs only while somebody waits.
final class HiddenFrames {
    /// Nanoseconds between two callbacks of a hidden surface.
    static let period: UInt64 = 1_000_000_000

    /// Gets the time in milliseconds.
    var action: (UInt32) -> Void = { _ in }
    private let clock: any Clock
    private var alarm: (any Alarm)?
    private var isArmed = false

    init(clock: any Clock) {
        self.clock = clock
        alarm = clock.makeAlarm { [unowned self] in
            isArmed = false
            action(milliseconds(self.clock.now))
        }
    }

    func request() {
        guard !isArmed else { return }
        isArmed = true
        alarm?.set(at: clock.now + Self.period)
    }
}

/// A time in nanoseconds as events carry it: milliseconds, wrapping around.
func milliseconds(_ time: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: time / 1_000_000)
}
