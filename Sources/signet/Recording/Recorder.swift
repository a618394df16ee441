import Glibc
import Pixels
import SharedMemory
import SignetDriver
import VideoChannel
import WaylandServer

/// Makes a video of an output: takes its frames, converts them, and has them encoded by another process.
///
/// Frames come when something has changed. The next one is asked for before this one is looked at, so that the
/// compositor waits for nobody; and what the encoder can't take at once is replaced by what comes after it. So the
/// video lacks pictures where the machine is too slow, and never their order, their times or the last one.
final class Recorder {
    /// What is made.
    struct Plan {
        var container: VideoOrder.Container
        /// Pictures in a second, in thousandths; nil for one whenever something has changed.
        var constantRate: Int?
        var quality: Int
        /// Nanoseconds after which it ends; nil where somebody else says when.
        var duration: UInt64?
        /// Whether it begins with the first change, and not with what is there.
        var beginsWithChange = false
        /// Nanoseconds after which what is shown is sent again; nil for never.
        var repetition: UInt64?
        /// The device that converts frames; nil for this process.
        var converter: String?
        /// The device that codes pictures; nil for a program.
        var encoder: String?
    }

    private let driver: Driver
    private let output: DriverOutput
    private let reader: FrameReader
    private let plan: Plan
    private let loop: EventLoop
    private let encoder: HelperProcess
    /// The channel and what is written to, until there is an order.
    private var unused: Unused?
    private var orderer: VideoOrderer?
    private var ring: (any Pictures)?
    private var channelSource: EventLoop.Source?
    private var timer: EventLoop.Timer?

    /// The newest frame, where it isn't converted yet.
    private var pending: ReceivedFrame?
    /// When the first frame was shown; nil before it is there.
    private var start: UInt64?
    /// The memory with what is shown now.
    private var shown: Int?
    /// When a picture was sent last, and which moment it is for.
    private var lastTime: UInt64 = 0
    /// The number of the next picture, where they come at a constant rate.
    private var nextTick: UInt64 = 0
    private(set) var dropped: UInt64 = 0
    private var frameSize: (width: Int, height: Int)?
    private var hasSeenFirst = false
    /// When the first frame was asked for.
    private var asked: UInt64 = 0
    private var end: UInt64?
    private var failure: (any Error)?
    /// Called when the first frame has come, and the encoder has begun.
    var onReady: (() -> Void)?
    private var isReady = false
    /// Called where something happened that people should know.
    var onWarning: ((String) -> Void)?

    /// A class, as what can't be copied can't be optional in one.
    private final class Unused {
        var channel: Descriptor?
        var target: Descriptor?

        init(_ channel: consuming Descriptor, _ target: consuming Descriptor) {
            self.channel = .some(channel)
            self.target = .some(target)
        }
    }

    /// How far a constant rate may be behind before pictures are left out, in nanoseconds.
    private static let patience: UInt64 = 1_000_000_000
    /// How long the encoder may take for a picture in the end, in nanoseconds. Who reads what isn't encoded may take as
    /// long as he likes.
    private var endTime: UInt64 { plan.container == .y4m ? .max / 2 : 10_000_000_000 }
    /// How long the compositor may take for its first frame, in nanoseconds.
    private static let firstFrameTime: UInt64 = 30_000_000_000

    init(
        _ driver: Driver,
        of output: DriverOutput,
        plan: Plan,
        encoder: consuming EncoderProcess,
        into target: consuming Descriptor,
        loop: EventLoop
    ) throws {
        self.driver = driver
        self.output = output
        self.plan = plan
        self.loop = loop
        self.encoder = encoder.helper
        unused = Unused(encoder.takeChannel(), target)
        reader = try driver.frames(of: output)
    }

    // MARK: What happens

    /// Runs until ``stop()`` is called, the time is over, or there is nothing more to record.
    func run() throws {
        let source = loop.watch(driver.descriptorNumber, for: .readable) { [unowned self] _ in
            attempt { try listen() }
        }
        timer = loop.makeTimer { [unowned self] in attempt { try proceed() } }
        asked = EventLoop.now
        timer?.set(at: asked + Self.firstFrameTime)
        reader.ask()
        attempt { try listen() }
        while end == nil, failure == nil { _ = loop.dispatch(timeout: -1) }
        // Signals are still heard.
        source?.remove()
        timer?.cancel()
        channelSource?.remove()
        channelSource = nil
        // What is there is made whole, whatever happened.
        if !(failure is VideoChannelError), try !finish() {
            encoder.send(SIGKILL)
            failure = failure ?? Failure("the encoder was killed, as it hadn't ended; the last pictures are missing")
        }
        close()
        if let failure { throw failure }
    }

    /// It is enough: what is there is written. The second time nothing is waited for any more.
    func stop() {
        isImpatient = end != nil
        end = end ?? EventLoop.now
    }

    private var isImpatient = false

    /// How long the video is so far, in seconds.
    var seconds: Double { start.map { Double((end ?? EventLoop.now) - min($0, end ?? EventLoop.now)) / 1e9 } ?? 0 }
    /// How many pictures it has.
    var pictures: UInt64 { orderer?.pictures ?? total.pictures }
    /// How many bytes it takes.
    var bytes: UInt64 { orderer?.bytes ?? total.bytes }
    private var total: (pictures: UInt64, bytes: UInt64) = (0, 0)

    private func attempt(_ body: () throws -> Void) {
        do { try body() } catch { failure = failure ?? error }
    }

    private func listen() throws {
        try driver.dispatchAvailable()
        while reader.isAnswered {
            let frame: ReceivedFrame
            do {
                guard let taken = try reader.take() else { return }
                frame = taken
            } catch DriverError.noMatch {
                onWarning?("the output was removed, and the video ends")
                return stop()
            }
            // Before anything is done with this one.
            reader.ask()
            try take(frame)
            try driver.dispatchAvailable()
        }
        try proceed()
    }

    private func take(_ frame: ReceivedFrame) throws {
        try frame.check()
        defer { hasSeenFirst = true }
        if ring == nil { try order(frame) }
        if let frameSize, frameSize != (frame.width, frame.height) {
            onWarning?(
                "the output is \(frame.width)x\(frame.height) now; the video stays as large as it was, and what is "
                    + "beyond it is cut off"
            )
            ring?.note(nil)
        }
        frameSize = (frame.width, frame.height)
        ring?.note(frame.damage)
        if let start, pending != nil, plan.constantRate == nil || start + tickTime(nextTick) <= time(of: frame) {
            // Its turn had come, and the encoder wasn't ready.
            dropped += 1
        }
        // What is there already may have been shown long ago.
        if start == nil, hasSeenFirst || !plan.beginsWithChange { start = max(time(of: frame), asked) }
        pending = frame
    }

    /// When a frame was shown. Nobody knows the future.
    private func time(of frame: ReceivedFrame) -> UInt64 { min(frame.time, EventLoop.now) }

    private func makePictures(_ frame: ReceivedFrame) throws -> any Pictures {
        guard let path = plan.converter else { return try PictureRing(width: frame.width, height: frame.height) }
        return try DevicePictures(path, for: frame, container: plan.container)
    }

    /// What is known now is told to the encoder.
    private func order(_ frame: ReceivedFrame) throws {
        let ring = try makePictures(frame)
        guard let unused, let channel = unused.channel.take(), let target = unused.target.take() else { return }
        let order = VideoOrder(
            container: plan.container,
            width: ring.layout.width,
            height: ring.layout.height,
            rate: plan.constantRate ?? max(1, min(1_000_000, Int((output.refresh * 1_000).rounded()))),
            isConstantRate: plan.constantRate != nil,
            quality: plan.quality,
            slotCount: ring.count,
            matrix: ring.matrix
        )
        let orderer = try VideoOrderer(order, over: channel, into: target)
        try ring.hand(to: orderer)
        channelSource = loop.watch(orderer.descriptorNumber, for: .readable) { [unowned self] _ in
            attempt {
                try orderer.dispatchAvailable()
                if orderer.hasBegun, !isReady {
                    isReady = true
                    onReady?()
                }
                try proceed()
            }
        }
        (self.ring, self.orderer, self.unused) = (ring, orderer, nil)
    }

    // MARK: Pictures

    /// Sends what can be sent now, and sees to it that this is called again when there is more to do.
    private func proceed() throws {
        let now = EventLoop.now
        if !hasSeenFirst, now >= asked + Self.firstFrameTime {
            throw Failure("the compositor hasn't sent a frame for 30 seconds; is it stopped?")
        }
        guard let start, failure == nil else { return }
        if end == nil, let duration = plan.duration, now >= start + duration { end = start + duration }
        if plan.constantRate == nil { try sendChange(now) } else { try sendTicks(before: end ?? now + 1) }
        // What waits for the encoder goes on when that answers.
        let isReady = orderer?.isReady == true
        var next = plan.duration.map { start + $0 }
        if plan.constantRate != nil {
            next = min(next ?? .max, start + tickTime(nextTick) + (isReady ? 0 : 2 * Self.patience))
        }
        if let repetition = plan.repetition, isReady { next = min(next ?? .max, start + lastTime + repetition) }
        if let next { timer?.set(at: max(next, now + 100_000)) }
    }

    /// Converts the newest frame; whether there was one, and room.
    private func convertPending() throws -> Bool {
        guard let frame = pending, let ring, let free = orderer?.freeSlots(besides: shown), !free.isEmpty else {
            return false
        }
        shown = try ring.convert(frame, into: free)
        pending = nil
        return true
    }

    private func sendChange(_ now: UInt64) throws {
        guard let orderer, let start, orderer.isReady else { return }
        let time: UInt64
        if let frame = pending {
            time = max(self.time(of: frame), start) - start
            guard try convertPending() else { return }
        } else if let repetition = plan.repetition, shown != nil, now >= start + lastTime + repetition {
            time = now - start
        } else {
            return
        }
        try send(at: time)
    }

    private func send(at time: UInt64) throws(VideoChannelError) {
        guard let shown else { return }
        try orderer?.send(slot: shown, time: time, dropped: dropped)
        lastTime = time
    }

    /// When a picture of a constant rate is shown, in nanoseconds since the first one.
    private func tickTime(_ tick: UInt64) -> UInt64 {
        let rate = UInt64(plan.constantRate ?? 1)
        return tick / rate * 1_000_000_000_000 + tick % rate * 1_000_000_000_000 / rate
    }

    private func sendTicks(before now: UInt64) throws {
        guard let start, let orderer else { return }
        while start + tickTime(nextTick) < now, orderer.isReady {
            let time = tickTime(nextTick)
            if let frame = pending, shown == nil || self.time(of: frame) <= start + time, try !convertPending() {
                return
            }
            try send(at: time)
            nextTick += 1
        }
        // What is owed is paid by repeating pictures, but not for ever.
        while now > start + tickTime(nextTick) + Self.patience {
            nextTick += 1
            dropped += 1
        }
    }

    // MARK: The end

    /// Sends what is still to be seen, and says that this is all; false where the encoder takes too long.
    private func finish() throws -> Bool {
        guard let orderer else { return true }
        if start == nil, pending != nil { start = asked }
        guard let start else { return true }
        let end = max(end ?? EventLoop.now, start + lastTime)
        do throws(VideoChannelError) {
            if plan.constantRate == nil {
                guard try waitForRoom(orderer) else { return false }
                if let frame = pending, time(of: frame) <= end || shown == nil {
                    let time = max(min(time(of: frame), end), start + lastTime) - start
                    if (try? convertPending()) == true { try send(at: time) }
                }
                // Some players show no picture longer than until the next one comes.
                guard try waitForRoom(orderer) else { return false }
                let frameTime = UInt64(1e9 / max(1, output.refresh))
                if shown != nil, end > start + lastTime + 2 * frameTime { try send(at: end - start - frameTime) }
            } else {
                while shown == nil && pending != nil || start + tickTime(nextTick) < end {
                    guard try waitForRoom(orderer) else { return false }
                    if pending != nil { _ = try? convertPending() }
                    guard shown != nil else { break }
                    try send(at: tickTime(nextTick))
                    nextTick += 1
                }
            }
            try orderer.end(time: plan.constantRate == nil ? end - start : tickTime(nextTick), dropped: dropped)
            // The last answers come, and then its end.
            while try listen(to: orderer) {}
            return false
        } catch {
            // It has ended, and its status tells how.
            return true
        }
    }

    /// Waits until the encoder takes a picture; false where it takes too long.
    private func waitForRoom(_ orderer: VideoOrderer) throws(VideoChannelError) -> Bool {
        while !orderer.isReady { guard try listen(to: orderer) else { return false } }
        return true
    }

    /// Waits for the encoder's next answer, and for signals; false where it takes too long.
    private func listen(to orderer: VideoOrderer) throws(VideoChannelError) -> Bool {
        let limit = EventLoop.now + endTime
        let pictures = orderer.answerCount
        while orderer.answerCount == pictures {
            guard EventLoop.now < limit, !isImpatient else { return false }
            var pollers = [orderer.descriptorNumber, loop.descriptorNumber].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            _ = unsafe poll(&pollers, 2, 100)
            if pollers[1].revents != 0 { _ = loop.dispatch(timeout: 0) }
            try orderer.dispatchAvailable()
        }
        return true
    }

    /// Lets the encoder end, and sees how it did.
    private func close() {
        (total, orderer, unused) = ((pictures, bytes), nil, nil)
        let status = encoder.waitForEnd(milliseconds: 5_000)
        guard failure == nil || failure is VideoChannelError else { return }
        switch status {
        case 0: if failure != nil { failure = Failure("the encoder has ended before the video") }
        case 129...: failure = Failure("the encoder was killed by signal \(status - 128)")
        // It has said why.
        default: failure = Failure("the video couldn't be made")
        }
    }
}
