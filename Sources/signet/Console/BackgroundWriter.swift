import CLinux
import Glibc
import SharedMemory
import Synchronization

/// Writes text to a descriptor from a thread of its own, so that whoever has something to say never waits for the
/// descriptor's reader.
///
/// Standard streams are shared with other processes, so that O_NONBLOCK isn't ours to set on them; a pipe that nobody
/// reads blocks each write. Here it blocks the thread. What doesn't fit into the queue meanwhile is dropped and
/// counted, and the count is written when the reader goes on.
final class BackgroundWriter: Sendable {
    /// Bytes that may wait to be written.
    static let queueLimit = 256 << 10

    private struct State {
        var texts: [String] = []
        var bytes = 0
        /// Texts that didn't fit since the last that did.
        var dropped = 0
        /// Whether the thread has everything written; nil where there is no thread.
        var isIdle: Bool? = true
        var isFinished = false

        /// Tells of what was dropped, in its place.
        mutating func appendNotice(_ notice: (Int) -> String) {
            let text = notice(dropped)
            texts.append(text)
            bytes += text.utf8.count
            dropped = 0
        }
    }

    private let descriptor: CInt
    private let closesAtEnd: Bool
    private let state = Mutex(State())
    /// Posted for each change that the thread is to see.
    private let work = Semaphore()
    /// What is written in place of texts that were dropped.
    private let notice: @Sendable (Int) -> String

    /// Writes to `descriptor`, which is closed after ``finish()`` if `closesAtEnd` says so.
    ///
    /// `notice` is the text for a number of texts that were dropped. Where no thread can be started, texts are written
    /// by the caller, as long as poll(2) says that there is room for them.
    init(_ descriptor: CInt, closesAtEnd: Bool = false, notice: @escaping @Sendable (Int) -> String = { _ in "" }) {
        self.descriptor = descriptor
        self.closesAtEnd = closesAtEnd
        self.notice = notice
        do throws(SystemError) {
            // It keeps the writer for as long as the process lives; there are three at most.
            try startThread { [self] in run() }
        } catch {
            state.withLock { $0.isIdle = nil }
        }
    }

    // MARK: From any thread

    /// Has `text` written after what was handed over before. Never waits.
    func write(_ text: String) {
        let hasThread = state.withLock { state in
            guard state.isIdle != nil else { return false }
            let count = text.utf8.count
            if state.bytes + count > Self.queueLimit {
                state.dropped += 1
            } else {
                if state.dropped > 0 { state.appendNotice(notice) }
                state.texts.append(text)
                state.bytes += count
                state.isIdle = false
            }
            return true
        }
        if hasThread { work.post() } else { writeHere(text) }
    }

    /// Says that nothing more will be written.
    func finish() {
        state.withLock { $0.isFinished = true }
        work.post()
    }

    /// Waits until everything is written, for `milliseconds` at most. False where something is left.
    @discardableResult
    func drain(milliseconds: Int) -> Bool {
        for _ in 0..<milliseconds * 10 {
            if state.withLock({ $0.isIdle ?? true }) { return true }
            usleep(100)
        }
        return state.withLock { $0.isIdle ?? true }
    }

    private func writeHere(_ text: String) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&poller, 1, 0) == 1, poller.revents & Int16(POLLOUT) != 0 else { return }
        _ = unsafe Glibc.write(descriptor, text, text.utf8.count)
    }

    // MARK: The thread

    private func run() {
        while true {
            work.wait()
            let (texts, isFinished) = state.withLock { state in
                // The reader goes on, and hears what it missed, also where nothing follows.
                if state.texts.isEmpty, state.dropped > 0 { state.appendNotice(notice) }
                defer { (state.texts, state.bytes) = ([], 0) }
                return (state.texts, state.isFinished)
            }
            for text in texts { writeAll(text) }
            let isDone = state.withLock { state in
                state.isIdle = state.texts.isEmpty && state.dropped == 0
                return state.isIdle == true
            }
            if !isDone { work.post() }
            if isDone, isFinished {
                if closesAtEnd { close(descriptor) }
                return
            }
        }
    }

    /// Writes a text whole, however long its reader takes. A reader that is gone, or a full disk, loses it.
    private func writeAll(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody else who has the stream made it non-blocking.
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe poll(&poller, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
