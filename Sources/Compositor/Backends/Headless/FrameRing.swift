internal import Pixels
internal import SharedMemory

/// The buffers that an output draws its frames into, and what changed from frame to frame.
///
/// One buffer is enough until a reader holds the newest; then another is made. Each knows which frame it holds, and the
/// ring remembers the damage of the last frames, so that drawing into an older buffer repairs just what has changed
/// since ("buffer age"). Buffers too old for that go.
struct FrameRing {
    /// How many frames' damage is remembered.
    private static let historyLimit = 10

    let size: Size
    /// What buffers are made of.
    let storage: FrameStorage
    private(set) var buffers: [FrameBuffer] = []
    /// The buffer with the newest frame; nil before the first, and while the next is drawn over it.
    private(set) var front: FrameBuffer?
    /// The newest frame's number; frames count from 1.
    private(set) var frame: UInt64 = 0
    /// What changed in the last frames, newest first, in output pixels.
    private var history: [Region] = []

    /// An empty one; `older`, of another size, had the frames so far. What readers hold of those stays counted.
    init(size: Size, storage: FrameStorage, after older: FrameRing? = nil) {
        self.size = size
        self.storage = storage
        frame = older?.frame ?? 0
        buffers = older?.buffers.filter(\.isHeld) ?? []
        for buffer in buffers { buffer.spoil() }
    }

    /// Buffers that readers hold at the output's expense.
    var heldCount: Int { buffers.count { $0.isHeld && $0.isAtOutputsExpense } }

    /// Makes the first buffer, so that want of memory for it shows now.
    mutating func reserve() throws(SystemError) {
        if buffers.isEmpty { buffers.append(try FrameBuffer(size: size, in: storage)) }
    }

    /// A buffer that nobody reads, and where what it holds differs from the newest frame. It counts as holding no frame
    /// until the next one is finished, also where it had the newest.
    mutating func next() throws(SystemError) -> (buffer: FrameBuffer, stale: Region) {
        // What a reader has given back, and told a device to read for longer, isn't waited for.
        for buffer in buffers where !buffer.isHeld && !buffer.isSpoilt && !buffer.isIdle { buffer.spoil() }
        clear()
        // The youngest free one needs the least repair.
        let best = buffers.filter { !$0.isHeld && !$0.isSpoilt }.max { $0.frame ?? 0 < $1.frame ?? 0 }
        let buffer: FrameBuffer
        if let best {
            buffer = best
        } else {
            buffer = try FrameBuffer(size: size, in: storage)
            buffers.append(buffer)
        }
        let stale = changes(since: buffer.frame)
        buffer.frame = nil
        if front === buffer { front = nil }
        return (buffer, stale)
    }

    /// Lets go of what is of no use: buffers that nobody holds and that can't be drawn into, or all of which would have
    /// to be drawn.
    private mutating func clear() {
        let oldest = frame - min(frame, UInt64(Self.historyLimit))
        buffers.removeAll { buffer in
            let isUseless = buffer.isSpoilt || buffer.frame.map { $0 < oldest } ?? false
            return isUseless && !buffer.isHeld && buffer !== front
        }
    }

    /// Lets go of all that nobody holds.
    mutating func releaseAll() {
        buffers.removeAll { !$0.isHeld }
        if front?.isHeld == false { front = nil }
    }

    /// `buffer` holds the newest frame now, which differs from the one before by `damage`.
    mutating func finish(_ buffer: FrameBuffer, damage: Region) {
        frame += 1
        buffer.frame = frame
        front = buffer
        // It may have been made before the output was another one for a while.
        if !buffers.contains(where: { $0 === buffer }) { buffers.append(buffer) }
        history.insert(damage, at: 0)
        if history.count > Self.historyLimit { history.removeLast() }
    }

    /// What differs between `frame` and the newest one, in output pixels; everything where that isn't known.
    func changes(since frame: UInt64?) -> Region {
        guard let frame, self.frame - frame <= UInt64(history.count) else { return Region(size.bounds) }
        var result = Region()
        for damage in history.prefix(Int(self.frame - frame)) { result.formUnion(damage) }
        return result
    }
}
