import CLinux
import Glibc
import SharedMemory
import Synchronization

/// Pictures on their way from the thread that decodes to the one that shows: a few, as each takes memory.
final class FrameQueue: Sendable {
    private struct State {
        var frames: [DecodedFrame] = []
        var ending: Ending?
        var isClosed = false
        var decoded = 0
        var damaged = 0
    }

    /// Why no more pictures come.
    enum Ending: Sendable {
        case complete
        case failed(String)
    }

    private static let capacity = 4

    private let state = Mutex(State())
    private let room = Semaphore()
    /// Readable when there is something new; eventfd(2).
    private let event: Descriptor

    init() throws {
        event = Descriptor(owning: try SystemCall.run("eventfd") { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) })
        for _ in 0..<Self.capacity { room.post() }
    }

    // MARK: The thread that decodes

    /// Waits for room, and adds a picture; false where nobody takes any more.
    func push(_ frame: DecodedFrame) -> Bool {
        room.wait()
        let isOpen = state.withLock { state in
            if !state.isClosed {
                state.frames.append(frame)
                state.decoded += 1
            }
            return !state.isClosed
        }
        notify()
        return isOpen
    }

    /// No more come.
    func end(_ ending: Ending, damaged: Int) {
        state.withLock { ($0.ending, $0.damaged) = (ending, damaged) }
        notify()
    }

    private func notify() {
        var one: UInt64 = 1
        _ = unsafe write(event.rawValue, &one, 8)
    }

    // MARK: The thread that shows

    /// What is to be polled for reading.
    var descriptorNumber: CInt { event.rawValue }

    /// The descriptor isn't readable until something new comes.
    func acknowledge() {
        var count: UInt64 = 0
        _ = unsafe read(event.rawValue, &count, 8)
    }

    /// The oldest picture.
    var first: DecodedFrame? { state.withLock(\.frames.first) }

    func removeFirst() {
        state.withLock { _ = $0.frames.removeFirst() }
        room.post()
    }

    /// Why no more come, once all that came were taken.
    var ending: Ending? { state.withLock { $0.frames.isEmpty ? $0.ending : nil } }

    var decoded: Int { state.withLock(\.decoded) }
    var damaged: Int { state.withLock(\.damaged) }

    /// Takes no more; what is left is let go.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.frames = []
        }
        room.post()
    }
}
