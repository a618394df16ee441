internal import SharedMemory

/// Tells what trouble shared memory made that a thread draws from. Belongs to that thread.
final class DrawingMeter {
    private let statistics = ThreadStatistics()
    private var counts = ThreadStatistics.Counts.now
    private var clock: UInt64 = 0
    private var running: UInt64 = 0
    /// How long the thread had waited for a CPU when that was last asked.
    private var waiting: UInt64 = 0

    /// Something is about to be drawn, or several things one after the other, each of which is followed by ``end()``.
    func begin() {
        counts = .now
        (clock, running) = (ThreadStatistics.clock, threadTime())
    }

    /// One was drawn; nil where everything was there at once.
    func end() -> DrawingTrouble? {
        let now = ThreadStatistics.Counts.now
        let faults = now.faults - counts.faults
        let hasSlept = now.switches > counts.switches
        counts = now
        // A thread that never slept needn't be asked for how long.
        let sleep = hasSlept ? sleep() : 0
        if hasSlept { begin() }
        return faults == 0 && sleep == 0 ? nil : DrawingTrouble(faults: faults, sleep: sleep)
    }

    /// How long the thread slept; a little less, where it has waited for a CPU since that was last asked.
    private func sleep() -> UInt64 {
        let (passed, ran) = (ThreadStatistics.clock - clock, threadTime() - running)
        let (all, before) = (statistics?.waiting() ?? 0, waiting)
        waiting = all
        let awake = ran + (all - before)
        return passed > awake ? passed - awake : 0
    }
}
