internal import Pixels
internal import SharedMemory

/// The buffers that an output draws its frames into, and what changed from frame to frame.
///
/// One buffer is enough until a reader holds the newest; then another is made, up to ``capacity(held:)``. Each
/// knows which frame it holds, and the ring remembers the damage of the last frames, so that drawing into an older
/// buffer repairs just what has changed since ("buffer age").
struct FrameRing {
    /// How many buffers there can be: as many as readers may hold, the newest, and one to draw into.
    static func capacity(held: Int) -> Int { 2 + held }

    /// How many frames' damage is remembered.
    private static let historyLimit = 10

    let size: Size
    private(set) var buffers: [FrameBuffer] = []
    /// The buffer with the newest frame; nil before the first, and while the next is drawn over it.
    private(set) var front: FrameBuffer?
    /// The newest frame's number; frames count from 1.
    private(set) var frame: UInt64 = 0
    /// What changed in the last frames, newest first, in output pixels.
    private var history: [Region] = []

    /// An empty one; `older`, of another size, had the frames so far.
    init(size: Size, after older: FrameRing? = nil) {
        self.size = size
        frame = older?.frame ?? 0
    }

    /// Makes the first buffer, so that want of memory for it shows now.
    mutating func reserve() throws(SystemError) {
        if buffers.isEmpty { buffers.append(try FrameBuffer(size: size)) }
    }

    /// A buffer that nobody reads, with what has to be drawn into it so that it shows the next frame, given what
    /// changes with it. Nil where readers, who may hold `held` frames, have everything. It holds no frame until
    /// that is finished, also where it had the newest.
    mutating func next(
        damage: Region,
        held: Int
    ) throws(SystemError) -> (buffer: FrameBuffer, repaint: Region)? {
        // The youngest free one needs the least repair.
        var best: FrameBuffer?
        for buffer in buffers where buffer.readers == 0 {
            if best == nil || (buffer.frame ?? 0) > (best?.frame ?? 0) { best = buffer }
        }
        if best == nil {
            guard buffers.count < Self.capacity(held: held) else { return nil }
            let new = try FrameBuffer(size: size)
            buffers.append(new)
            best = new
        }
        guard let best else { return nil }
        let repaint = damage.union(changes(since: best.frame))
        best.frame = nil
        if front === best { front = nil }
        return (best, repaint)
    }

    /// Whether there is something to draw into once a reader holds the newest frame.
    func canHandOutFront(held: Int) -> Bool {
        guard let front else { return false }
        if front.readers > 0 || buffers.count < Self.capacity(held: held) { return true }
        return buffers.contains { $0 !== front && $0.readers == 0 }
    }

    /// `buffer` holds the newest frame now, which differs from the one before by `damage`.
    mutating func finish(_ buffer: FrameBuffer, damage: Region) {
        frame += 1
        buffer.frame = frame
        front = buffer
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

    /// Takes the buffers that a session has seen out of use: its reader may keep them mapped.
    mutating func dropBuffers(of session: ObjectIdentifier) {
        buffers.removeAll { $0.sessions.contains(session) }
        // Also the one with the newest frame: it stays what it is, and is drawn into no more.
    }
}
