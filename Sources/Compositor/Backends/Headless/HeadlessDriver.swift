internal import Pixels
internal import SharedMemory

/// An output without a screen: frames are drawn at a clock's ticks into memory, where readers get them.
final class HeadlessDriver: OutputDriver {
    let model = "headless"
    var onFrame: ((Refresh) -> Void)?
    private(set) var ring: FrameRing
    private let frameClock: FrameClock

    /// One that is like `state`, which is possible.
    init(_ state: OutputState, storage: FrameStorage, clock: any Clock) {
        ring = FrameRing(size: state.mode.size, storage: storage)
        frameClock = FrameClock(clock: clock, refresh: state.mode.refresh)
        frameClock.tick = { [unowned self] refresh in onFrame?(refresh) }
    }

    var refresh: Refresh { frameClock.refresh }

    func test(_ state: OutputState) throws(OutputError) {
        let mode = state.mode
        guard OutputMode.lengths.contains(mode.width), OutputMode.lengths.contains(mode.height) else {
            throw OutputError(
                description: "an output has 1 to 16384 pixels in each direction, not \(mode.width)x\(mode.height)"
            )
        }
        guard OutputMode.refreshRates.contains(mode.refresh) else {
            throw OutputError(description: "an output has 0.001 to 1000 frames a second, not \(mode.refresh)/1000")
        }
        guard OutputMode.scales.contains(mode.scale) else {
            throw OutputError(description: "an output's scale is 1 to 8, not \(mode.scale)")
        }
    }

    func commit(_ state: OutputState) throws(OutputError) {
        try test(state)
        if state.mode.size != ring.size { ring = FrameRing(size: state.mode.size, storage: ring.storage, after: ring) }
        frameClock.setRefresh(state.mode.refresh)
    }

    var newest: FrameBuffer? { ring.front }

    func changes(since frame: UInt64?) -> Region { ring.changes(since: frame) }

    var heldBufferCount: Int { ring.heldCount }

    func reserve() throws(SystemError) { try ring.reserve() }

    func requestFrame(after delay: UInt64) { frameClock.requestFrame(after: delay) }

    func nextBuffer() throws(SystemError) -> (buffer: FrameBuffer, stale: Region) {
        try ring.next()
    }

    /// A frame shows what there was at the refresh at which it was begun, and counts from then.
    func submit(_ buffer: FrameBuffer, _ damage: Region, begunAt refresh: Refresh) -> SubmitResult {
        ring.finish(buffer, damage: damage)
        return .shown(refresh)
    }

    func releaseBuffers() { ring.releaseAll() }

    func stop() { frameClock.stop() }
}
