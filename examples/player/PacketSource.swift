import CLibAV
import Glibc
import Synchronization

/// Where coded pictures come from, on the thread that decodes them.
protocol PacketSource: AnyObject {
    /// As the user calls it.
    var name: String { get }
    var codec: AVCodecID { get }
    /// Whether its pictures don't wait: who is late with one goes on with the next.
    var isLive: Bool { get }

    /// Tells the decoder what it has to know beforehand.
    func configure(_ context: UnsafeMutablePointer<AVCodecContext>) throws

    /// Waits for the next packet; false at the end.
    func read(into packet: UnsafeMutablePointer<AVPacket>) throws -> Bool

    /// When a frame is to be shown, in nanoseconds; nil where that isn't known.
    func time(of frame: UnsafeMutablePointer<AVFrame>) -> Int64?
}

/// How long to wait for a source, from any thread.
final class Patience: Sendable {
    private let state: Mutex<(deadline: Int64, isOver: Bool)>
    /// In seconds.
    let seconds: Int

    init(seconds: Int) {
        self.seconds = seconds
        state = Mutex((monotonicTime() + Int64(seconds) * 1_000_000_000, false))
    }

    /// Something came: waiting starts anew.
    func renew() {
        let deadline = monotonicTime() + Int64(seconds) * 1_000_000_000
        state.withLock { $0.deadline = deadline }
    }

    /// Nobody is interested any more.
    func end() { state.withLock { $0.isOver = true } }

    /// Whether waiting is to stop because ``end()`` was called.
    var isEnded: Bool { state.withLock(\.isOver) }

    var isOver: Bool { state.withLock { $0.isOver || monotonicTime() > $0.deadline } }
}

/// CLOCK_MONOTONIC in nanoseconds.
func monotonicTime() -> Int64 { currentTime(of: CLOCK_MONOTONIC) }

/// A clock's time in nanoseconds.
func currentTime(of clock: clockid_t) -> Int64 {
    var now = timespec()
    unsafe clock_gettime(clock, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
