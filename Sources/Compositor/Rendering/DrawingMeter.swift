internal import SharedMemory

/// Tells what trouble memory made that a thread has drawn from. Belongs to that thread.
final class DrawingMeter {
    private let statistics = ThreadStatistics()
    private var counts = ThreadStatistics.Counts.now
    private var missingPages = 0
    private var times: ThreadStatistics.Times?

    /// A picture begins.
    func beginPicture() { times = statistics?.times() }

    /// Something of it is about to be drawn, from shared memory.
    func begin(_ source: any PixelSource) {
        missingPages = source.missingPages
        counts = .now
    }

    /// It was drawn; nil where everything was there at once.
    func end() -> DrawingTrouble? {
        let now = ThreadStatistics.Counts.now
        let faults = now.faults - counts.faults
        var sleep: UInt64 = 0
        // Only whoever has waited asks how long.
        if now.switches > counts.switches, let before = times, let after = statistics?.times() {
            sleep = after.sleep(since: before)
            times = after
        }
        if faults == 0, sleep == 0, missingPages == 0 { return nil }
        return DrawingTrouble(faults: faults, missingPages: missingPages, sleep: sleep)
    }
}
