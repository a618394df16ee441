/// Says when an output draws: at most once a refresh period, and only while somebody wants a frame.
///
/// Frames keep to the grid of the refresh rate, as on a real screen. Nothing is armed while nothing was asked for, so
/// an idle output causes no wake-up.
final class FrameClock {
    /// Nanoseconds from frame to frame.
    private var period: UInt64
    /// Gets the refresh that it is.
    var tick: (Refresh) -> Void = { _ in }
    private let clock: any Clock
    private var alarm: (any Alarm)?
    /// When the next tick is to come, if it is.
    private var deadline: UInt64?
    private var lastTick: UInt64
    /// Refresh periods from the start to the newest tick, counted whether anything was drawn or not: what a real output
    /// counts as vertical retraces.
    private var refreshCount: UInt64 = 0

    /// `refresh` is in millihertz, as in wl_output.mode.
    init(clock: any Clock, refresh: Int) {
        self.clock = clock
        period = Self.period(of: refresh)
        lastTick = clock.now
        alarm = clock.makeAlarm { [unowned self] in
            deadline = nil
            let now = self.clock.now
            moveOn(to: now)
            tick(Refresh(time: now, count: refreshCount))
        }
    }

    /// The newest refresh, as far as there was reason to count.
    var refresh: Refresh { Refresh(time: lastTick, count: refreshCount) }

    private static func period(of refresh: Int) -> UInt64 { 1_000_000_000_000 / UInt64(refresh) }

    /// Counts the refreshes up to a time.
    private func moveOn(to now: UInt64) {
        let periods = (now - lastTick) / period
        refreshCount += periods
        lastTick += periods * period
    }

    /// Ticks at another rate from now on.
    func setRefresh(_ refresh: Int) {
        guard Self.period(of: refresh) != period else { return }
        moveOn(to: clock.now)
        period = Self.period(of: refresh)
        guard deadline != nil else { return }
        stop()
        requestFrame()
    }

    /// Wants a frame, `delay` nanoseconds from now at the earliest. Asking again for one that isn't earlier changes
    /// nothing.
    func requestFrame(after delay: UInt64 = 0) {
        let elapsed = clock.now - lastTick + delay
        let time = lastTick + (elapsed / period + 1) * period
        guard time < deadline ?? .max else { return }
        deadline = time
        alarm?.set(at: time)
    }

    /// Wants no frame any more.
    func stop() {
        deadline = nil
        alarm?.cancel()
    }
}
