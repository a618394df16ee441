import ClientToolkit
import Glibc

/// Shows decoded pictures when it is time, and counts what became of them.
final class Playback {
    private let queue: FrameQueue
    private let window: VideoWindow
    private let buffers: PictureBuffers
    private let isLive: Bool
    private let say: (String) -> Void
    private var clock: PlaybackClock
    /// When a picture was committed of which the compositor hasn't told yet what became of it, by its clock.
    private var waitingSince: Int64?
    private var lastShown: Int64 = 0
    private var hasToldOfColors = false
    /// Pictures that an output has shown.
    private(set) var shown = 0
    /// Pictures that came too late, or that the compositor dropped.
    private(set) var dropped = 0

    /// How late a picture of a stream may be, and one of a file before those after it are moved, in nanoseconds.
    private static let tolerance: Int64 = 50_000_000

    init(
        _ queue: FrameQueue,
        _ window: VideoWindow,
        _ buffers: PictureBuffers,
        isLive: Bool,
        _ say: @escaping (String) -> Void
    ) {
        self.queue = queue
        self.window = window
        self.buffers = buffers
        self.isLive = isLive
        self.say = say
        clock = PlaybackClock(delay: isLive ? 80_000_000 : 0)
    }

    private var now: Int64 { currentTime(of: window.clock) }

    /// Whether all that came was shown, and no more comes.
    var isOver: Bool { queue.ending != nil && waitingSince == nil }

    /// Commits what is due; how long nothing else is to be done, in nanoseconds, or nil where that depends on others.
    func advance() throws -> Int64? {
        let now = now
        if let since = waitingSince {
            // A picture stays until its refresh. Where the window can't be seen, there may be none.
            if now - since < 1_000_000_000 { return since + 1_000_000_000 - now }
            waitingSince = nil
        }
        guard window.isConfigured else { return nil }
        while let frame = queue.first {
            guard let time = frame.time else {
                try show(frame, now)
                return nil
            }
            let due = clock.due(time, now: now)
            let commitTime = clock.commitTime(due)
            if now < commitTime { return commitTime - now }
            if now - due > Self.tolerance {
                if isLive, now - lastShown < 500_000_000 {
                    // The next one is less late. After half a second without any, time starts anew.
                    queue.removeFirst()
                    dropped += 1
                    continue
                }
                clock.restart(time, at: now)
            }
            clock.commit(time)
            try show(frame, now)
            return nil
        }
        return nil
    }

    private func show(_ frame: DecodedFrame, _ now: Int64) throws {
        queue.removeFirst()
        if !hasToldOfColors { tellOfColors(frame) }
        waitingSince = now
        lastShown = now
        try window.show(frame, try buffers.buffer(for: frame)) { [weak self] fate in
            guard let self else { return }
            waitingSince = nil
            switch fate {
            case .shown(let moment, let refresh):
                shown += 1
                clock.presented(frame.time, at: moment, every: refresh)
            case .discarded: dropped += 1
            }
        }
    }

    /// Neither wl_shm nor a dma-buf says what colours luma and chroma mean. Compositors suppose limited range, and a
    /// matrix that depends on the size.
    private func tellOfColors(_ frame: DecodedFrame) {
        hasToldOfColors = true
        let isLarge = frame.crop.width >= 1_280 || frame.crop.height > 576
        let supposed = isLarge ? "BT.709" : "BT.601"
        if let matrix = frame.matrix, matrix != supposed {
            say("its colours are \(matrix), which can't be told; of this size \(supposed) is supposed")
        }
        if frame.isFullRange, !frame.isLimited {
            say("its luma has the full range, which can't be told: dark and bright parts lose their details")
        }
        if frame.memory.layout.skipsChroma { say("of its chroma every other row is shown: 4:2:2 as 4:2:0") }
    }
}
