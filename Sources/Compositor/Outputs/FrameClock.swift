/// Says when an output draws: at most once a refresh period, and only while somebody wants a frame.
///
/// Frames keep to the grid of the refresh rate, as on a real screen. Nothing is armed while nothing was asked for, so
/// an idle output causes no wake-up.
final class FrameClock {
    /// Nanoseconds from frame to frame.
    let period: UInt64
    private let clock: any Clock
    private var alarm: (any Alarm)?
    private var isArmed = false
    private var lastTick: UInt64
    /// Refresh periods from the start to the newest tick, counted whether anything was drawn or not: what a real output
    /// counts as vertical retraces.
    private(set) var refreshCount: UInt64 = 0

    /// `refresh` is in millihertz, as in wl_output.mode; `tick` gets the frame's time in nanoseconds.
    init(clock: any Clock, refresh: Int, tick: @escaping (UInt64) -> Void) {
        self.clock = clock
        period = 1_000_000_000_000 / UInt64(refresh)
        lastTick = clock.now
        alarm = clock.makeAlarm { [unowned self] in
            isArmed = false
            let now = self.clock.now
            let periods = (now - lastTick) / period
            refreshCount += periods
            lastTick += periods * period
            tick(now)
        }
    }

    /// Wants a frame. Asking again before it has come changes nothing.
    func requestFrame() {
        guard !isArmed else { return }
        isArmed = true
        let elapsed = clock.now - lastTick
        alarm?.set(at: lastTick + (elapsed / period + 1) * period)
    }

    /// Wants no frame any more.
    func stop() {
        isArmed = false
        alarm?.cancel()
    }
}
