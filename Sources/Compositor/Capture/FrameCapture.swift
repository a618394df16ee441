internal import Pixels
internal import WaylandServer

/// One capture for a client: copies a frame, or parts of it, into a buffer of the client's, once there is a frame that
/// shows what is latched from the request on.
///
/// - It waits for the frame as any reader does, and has nothing drawn that nobody waits for.
/// - The client's memory is written to on the client's lane, whatever the policy is for reading it; see ``FrameCopy``.
///   What can't be written to, and what takes too long, fails.
/// - Meanwhile the frame is held, and the client pays for what is written, also when it is gone.
final class FrameCapture: FrameObserver {
    /// Who pays, who counts as the reader, and the clock for what takes too long.
    struct Party {
        unowned let client: Client
        /// Stands for all captures of somebody's: they keep no memory of frames' mapped, so that it never ends.
        let reader: FrameReader
        let clock: any Clock
    }

    /// What is to be filled, and with what.
    struct Order {
        let buffer: ClientBuffer
        let target: FrameCopy.Target
        /// What is copied besides what has changed, in pixels of the target.
        let stale: Region
        /// Whether to wait until the frame differs from the known one.
        let waitsForChange: Bool
        /// The number of a frame that the client has; nil where that isn't known.
        let known: () -> UInt64?
        /// Whether frames show what is to be captured, still.
        var isAcceptable: () -> Bool = { true }
    }

    struct Copied {
        /// The number of the frame.
        let frame: UInt64
        /// Where it differs from the known one, in pixels of the target.
        let damage: Region
        /// When what it shows was latched, in nanoseconds of the clock.
        let time: UInt64
    }

    enum Failure: Error {
        /// There are no more frames.
        case stopped
        /// The frames are of another size since then, or turned, or at another scale.
        case changed
        /// The buffer can't be written to, or is shown, or there is no memory.
        case other
    }

    /// Is called when the copying begins, with the frame's number.
    var whenBegun: (UInt64) -> Void = { _ in }
    /// Is called once, unless it was ended before.
    var whenDone: (Result<Copied, Failure>) -> Void = { _ in }
    /// Nil once they are gone, or not needed any more.
    private var frames: FrameSource?
    /// What they showed when the client was told which buffers fit.
    private let view: View
    /// What is captured, in pixels of the frames.
    private let part: Rectangle
    private let party: Party
    /// What is to be done, until that begins.
    private var order: Order?
    /// The tick before the request.
    private var latch: UInt64 = 0
    private var known: UInt64?
    /// While it is at work.
    private var copy: FrameCopy?
    /// Ends what takes too long.
    private var alarm: (any Alarm)?
    private var hasEnded = false

    init(of frames: FrameSource, part: Rectangle, for party: Party) {
        self.frames = frames
        self.part = part
        self.party = party
        view = frames.view
        frames.add(self)
    }

    /// Begins to wait for a frame. The order's target is as large as the part.
    func start(_ order: Order) throws(ProtocolError) {
        if hasEnded { return }
        // What is shown would be a picture of itself.
        if order.buffer.isLocked { return finish(.failure(.other)) }
        self.order = order
        if order.buffer.isKnown { return awaitFrame() }
        setAlarm()
        try order.buffer.whenKnown(self) { [weak self] in
            self?.alarm?.cancel()
            self?.awaitFrame()
        }
    }

    private func awaitFrame() {
        guard let frames, let order else { return }
        latch = frames.latch.count
        known = order.known()
        frames.awaitLatch(self)
    }

    func frames(_ frames: FrameSource, have result: FrameSource.Result) {
        // Objects of a client that is gone go one after the other: nothing is done for those that are left.
        guard let order, party.client.isConnected else { return frames.stopWaiting(self) }
        guard frames.view.isLike(view), order.isAcceptable() else { return finish(.failure(.changed)) }
        guard case .shown = result else { return finish(.failure(.other)) }
        guard let newest = frames.newest, let number = newest.frame, frames.shownLatch.count > latch else { return }
        let damage = frames.changes(since: known).intersection(part).translated(by: part.origin.negated)
        if order.waitsForChange, damage.isEmpty {
            known = number
            return
        }
        write(newest, number, to: order, damage: damage)
    }

    func framesDidChange(_ frames: FrameSource) {
        if order != nil, !frames.view.isLike(view) { finish(.failure(.changed)) }
    }

    func framesDidStop(_ frames: FrameSource) {
        self.frames = nil
        // What is being copied was shown while it was there.
        if copy == nil { finish(.failure(.stopped)) }
    }

    // MARK: Copying

    /// Keeps a frame from being drawn into, for those who copy it.
    private final class Hold {
        private let frame: FrameBuffer
        private weak var source: FrameSource?
        private let written: SharedCharge
        private let charge: SharedCharge?

        /// The client pays for what is written, and for the frame where its source doesn't.
        init(
            _ frame: FrameBuffer,
            of source: FrameSource,
            for account: ClientAccount,
            byteCount: Int,
            reader: FrameReader
        ) throws(ProtocolError) {
            let isFree = source.paysForNewest
            written = SharedCharge(try account.charge(byteCount, of: .copiedBytes))
            charge = isFree ? nil : SharedCharge(try account.charge(frame.layout.byteCount, of: .copiedBytes))
            self.frame = frame
            self.source = source
            frame.hand(to: reader, atOutputsExpense: isFree)
        }

        deinit {
            frame.giveBack()
            source?.frameWasGivenBack()
        }
    }

    private func write(_ frame: FrameBuffer, _ number: UInt64, to order: Order, damage: Region) {
        guard let frames else { return }
        let (buffer, account) = (order.buffer, party.client.account)
        self.order = nil
        frames.stopWaiting(self)
        guard !buffer.isDestroyed, !buffer.isLocked else { return finish(.failure(.other)) }
        let region = damage.union(order.stale).intersection(part.size.bounds).coarsenedOutward(limit: 64)
        let work = FrameCopy(of: frame.memory, frame.layout, at: part.origin, to: order.target, region: region)
        let copied = Copied(frame: number, damage: damage, time: frames.shownLatch.time)
        do throws(ProtocolError) {
            let byteCount = part.width * part.height * order.target.layout.format.bytesPerPixel
            let hold = try Hold(frame, of: frames, for: account, byteCount: byteCount, reader: party.reader)
            // Not kept alive by the lane. What the client waits for is told by events, not by wl_display.sync.
            try account.look(awaited: false, work.go) { [weak self, hold, buffer] outcome in
                withExtendedLifetime((hold, buffer)) {}
                self?.didCopy(outcome, copied)
            }
        } catch {
            return finish(.failure(.other))
        }
        copy = work
        whenBegun(number)
        setAlarm()
    }

    private func didCopy(_ outcome: FrameCopy.Outcome, _ copied: Copied) {
        if case .done = outcome { finish(.success(copied)) } else { finish(.failure(.other)) }
    }

    private func setAlarm() {
        if alarm == nil {
            alarm = party.clock.makeAlarm { [weak self] in self?.finish(.failure(.other)) }
        }
        alarm?.set(at: party.clock.now + party.client.account.limits.copyingTime)
    }

    private func finish(_ result: Result<Copied, Failure>) {
        if hasEnded { return }
        let action = whenDone
        end()
        action(result)
    }

    /// Wants nothing any more.
    func end() {
        hasEnded = true
        whenDone = { _ in }
        whenBegun = { _ in }
        alarm?.cancel()
        alarm = nil
        order?.buffer.stopWaiting(self)
        order = nil
        copy?.cancel()
        copy = nil
        frames?.remove(self)
        frames = nil
    }
}
