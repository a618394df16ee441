internal import Synchronization
internal import WaylandServer

/// Whether the pages of a client's memory are there when they are needed.
///
/// They stay where they are unless the client punches holes, or the machine runs out of memory; looking at a hole fills
/// it, and waits for whoever punches just then. A client that does so is drawn from copies as long as it is connected.
final class MemoryTrust {
    /// Nanoseconds that the client may keep threads waiting that draw from its memory.
    private static let patience: UInt64 = 50_000_000
    /// With so many page faults it is worth counting the pages that aren't there, for so many nanoseconds. The first
    /// look at a page is a fault too, and drawing may have others.
    private static let suspicion: (faults: UInt64, time: UInt64) = (256, 2_000_000_000)

    let watch = MemoryWatch()
    private(set) var isGiven = true
    private var sleep: UInt64 = 0
    private var faults: UInt64 = 0
    /// When there was trouble the last time.
    private var time = EventLoop.now

    /// Something was drawn from its memory.
    func wasDrawn(_ trouble: DrawingTrouble) {
        // The machine has reasons of its own now and then: a sixteenth of the time.
        let elapsed = EventLoop.now - time
        time += elapsed
        sleep = trouble.sleep + sleep.lowered(by: elapsed / 16)
        faults += UInt64(trouble.faults)
        if faults > Self.suspicion.faults {
            faults = 0
            watch.end.store(time + Self.suspicion.time, ordering: .relaxed)
        }
        if sleep > Self.patience { isGiven = false }
    }

    /// It takes out pages that were there.
    func isLost() { isGiven = false }
}

/// Tells whoever draws from a client's memory whether pages that aren't there are worth counting.
final class MemoryWatch: Sendable {
    /// Until when they are, in nanoseconds of the event loop's clock.
    fileprivate let end = Atomic<UInt64>(0)

    var isOn: Bool {
        let end = end.load(ordering: .relaxed)
        return end > 0 && EventLoop.now < end
    }
}

extension UInt64 {
    fileprivate func lowered(by amount: UInt64) -> UInt64 { self > amount ? self - amount : 0 }
}
