internal import Pixels
internal import WaylandServer

/// `zwlr_screencopy_frame_v1`: a frame, or a part of one, that is copied into a client's shared memory.
///
/// - A copy waits for the output as any reader does: the output draws what is latched at the next tick, and nothing
///   where nobody waits.
/// - The client's memory is written to with pwrite(2), on the client's lane, whatever the policy is for reading it, and
///   never mapped for that. What can't be written to, and what takes too long, is `failed`.
/// - Meanwhile the frame is held, and the client pays for what is written, also when it is gone.
final class ScreencopyFrame: ZwlrScreencopyFrameV1.Requests, FrameObserver {
    private let resource: ZwlrScreencopyFrameV1
    private let manager: ScreencopyManager
    /// Nil once it is gone, or not needed any more.
    private var output: Output?
    /// How the output showed the scene when the client was told which buffers fit.
    private let view: View?
    /// What is captured, in output pixels.
    private let part: Rectangle
    private var charge: Charge?
    private var isUsed = false
    /// Whether the client has heard `ready` or `failed`.
    private var isAnswered = false
    /// What is to be filled, until that begins.
    private var target: Target?
    /// While it is at work.
    private var copy: FrameCopy?
    /// Ends what takes too long.
    private var alarm: (any Alarm)?

    private struct Target {
        let buffer: ShmBuffer
        let waitsForDamage: Bool
        /// The tick before the request.
        var latch: UInt64 = 0
        /// The newest frame that shows what the client has already; nil where that isn't known.
        var known: UInt64?
    }

    init(_ resource: ZwlrScreencopyFrameV1, of output: Output?, part: Rectangle, by manager: ScreencopyManager) {
        self.resource = resource
        self.output = output
        self.part = part
        self.manager = manager
        view = output?.view
        charge = try? resource.client.account.charge(of: .frames)
    }

    /// Says which buffers fit; nothing can be captured of an output that is gone, or beyond its edges.
    func begin() {
        guard let output, charge != nil, !part.isEmpty else { return fail() }
        output.add(self)
        resource.sendBuffer(
            format: BufferFormat.pixels(.xrgb8888).shmFormat,
            width: UInt32(part.width),
            height: UInt32(part.height),
            stride: UInt32(part.width * 4)
        )
        if resource.version >= 3 { resource.sendBufferDone() }
    }

    // MARK: Requests

    func copy(_ resource: ZwlrScreencopyFrameV1, buffer: WlBuffer) throws(ProtocolError) {
        try fill(buffer, whenDamaged: false)
    }

    func copyWithDamage(_ resource: ZwlrScreencopyFrameV1, buffer: WlBuffer) throws(ProtocolError) {
        try fill(buffer, whenDamaged: true)
    }

    private func fill(_ object: WlBuffer, whenDamaged: Bool) throws(ProtocolError) {
        if isUsed {
            throw ProtocolError(
                ZwlrScreencopyFrameV1.Error.alreadyUsed,
                "a frame is copied once; capture the output again for the next copy"
            )
        }
        isUsed = true
        // The client may not have heard that it failed.
        if isAnswered { return }
        let layout = PixelLayout(size: part.size, stride: part.width * 4, format: .xrgb8888)
        guard let layout, let buffer = object.handler as? ShmBuffer, buffer.layout.picture == .pixels(layout) else {
            throw ProtocolError(
                ZwlrScreencopyFrameV1.Error.invalidBuffer,
                "the buffer has to be what the buffer event said: of wl_shm, in XRGB8888, \(part.width)x\(part.height) "
                    + "pixels, \(part.width * 4) bytes from row to row"
            )
        }
        // What is shown would be a picture of itself.
        if buffer.isLocked { return fail() }
        target = Target(buffer: buffer, waitsForDamage: whenDamaged)
        if buffer.pool.isOpen { return awaitFrame() }
        setAlarm()
        try buffer.pool.whenOpen(self) { [weak self] in
            self?.alarm?.cancel()
            self?.awaitFrame()
        }
    }

    func destroyed(_ resource: ZwlrScreencopyFrameV1) {
        isAnswered = true
        end()
    }

    // MARK: Waiting

    private func awaitFrame() {
        guard let output, target != nil else { return }
        target?.latch = output.latch.count
        if target?.waitsForDamage == true { target?.known = manager.lastFrame(of: output, part: part) }
        output.awaitLatch(self)
    }

    func output(_ output: Output, has result: Output.FrameResult) {
        // Objects of a client that is gone go one after the other: nothing is done for those that are left.
        guard let target, resource.client.isConnected else { return output.stopWaiting(self) }
        guard case .shown = result, output.view.isLike(view) else { return fail() }
        guard let newest = output.newestFrame, let number = newest.frame, output.shownLatch.count > target.latch else {
            return
        }
        let damage = output.changes(since: target.known).intersection(part)
        if target.waitsForDamage, damage.isEmpty {
            self.target?.known = number
            return
        }
        write(newest, to: target, damage: damage)
    }

    func outputDidStop(_ output: Output) {
        self.output = nil
        // What is being copied was shown while it was there.
        if copy == nil { fail() }
    }

    // MARK: Copying

    /// Keeps a frame from being drawn into, for those who copy it.
    private final class Hold {
        private let frame: FrameBuffer
        private weak var output: Output?
        private let written: SharedCharge
        private let charge: SharedCharge?

        /// The client pays for what is written, and for the frame where the output doesn't.
        init(
            _ frame: FrameBuffer,
            of output: Output,
            for account: ClientAccount,
            byteCount: Int,
            reader: FrameReader
        ) throws(ProtocolError) {
            let isFree = output.paysForNewestFrame
            written = SharedCharge(try account.charge(byteCount, of: .copiedBytes))
            charge = isFree ? nil : SharedCharge(try account.charge(frame.layout.byteCount, of: .copiedBytes))
            self.frame = frame
            self.output = output
            frame.hand(to: reader, atOutputsExpense: isFree)
        }

        deinit {
            frame.giveBack()
            output?.frameWasGivenBack()
        }
    }

    private func write(_ frame: FrameBuffer, to target: Target, damage: Region) {
        guard let output else { return }
        let (buffer, account) = (target.buffer, resource.client.account)
        self.target = nil
        output.stopWaiting(self)
        guard !buffer.isDestroyed, !buffer.isLocked else { return fail() }
        let work = FrameCopy(
            of: frame.memory,
            frame.layout,
            part: part,
            to: buffer.pool.file,
            at: buffer.range.lowerBound
        )
        let time = output.shownLatch.time
        do throws(ProtocolError) {
            let hold = try Hold(
                frame,
                of: output,
                for: account,
                byteCount: buffer.layout.byteCount,
                reader: manager.reader
            )
            // Not kept alive by the lane. What the client waits for is told by events, not by wl_display.sync.
            try account.look(awaited: false, work.go) { [weak self, hold, buffer] outcome in
                withExtendedLifetime((hold, buffer)) {}
                self?.finish(outcome, damage: target.waitsForDamage ? damage : Region(), time: time)
            }
        } catch {
            return fail()
        }
        copy = work
        manager.note(frame.frame, of: output, part: part)
        setAlarm()
    }

    private func finish(_ outcome: FrameCopy.Outcome, damage: Region, time: UInt64) {
        if isAnswered { return }
        guard case .done = outcome else { return fail() }
        copy = nil
        isAnswered = true
        resource.sendFlags(flags: [])
        damage.coarsenedOutward(limit: 64).forEachRectangle { rectangle in
            resource.sendDamage(
                x: UInt32(rectangle.x - part.x),
                y: UInt32(rectangle.y - part.y),
                width: UInt32(rectangle.width),
                height: UInt32(rectangle.height)
            )
        }
        let seconds = time / 1_000_000_000
        resource.sendReady(
            tvSecHi: UInt32(seconds >> 32),
            tvSecLo: UInt32(truncatingIfNeeded: seconds),
            tvNsec: UInt32(time % 1_000_000_000)
        )
        end()
    }

    private func setAlarm() {
        if alarm == nil {
            alarm = manager.clock.makeAlarm { [weak self] in self?.fail() }
        }
        alarm?.set(at: manager.clock.now + resource.client.account.limits.copyingTime)
    }

    private func fail() {
        if isAnswered { return }
        isAnswered = true
        // Its buffer has something else in it now, or a part.
        if copy != nil, let output { manager.note(nil, of: output, part: part) }
        end()
        resource.sendFailed()
    }

    /// Lets go of everything but the object.
    private func end() {
        alarm?.cancel()
        alarm = nil
        target?.buffer.pool.stopWaiting(self)
        target = nil
        copy?.cancel()
        copy = nil
        output?.remove(self)
        output = nil
        charge = nil
    }
}

extension View {
    /// Whether it shows as much, as large and turned as the other, wherever that is.
    fileprivate func isLike(_ other: View?) -> Bool {
        other.map { scale == $0.scale && orientation == $0.orientation && size == $0.size } ?? false
    }
}
