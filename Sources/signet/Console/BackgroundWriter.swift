import CLinux
import Glibc
import SharedMemory
import Synchronization

/// Writes text to a descriptor from a thread of its own, so that whoever has something to say never waits for the
/// descriptor's reader.
///
/// Standard streams are shared with other processes, so that O_NONBLOCK isn't ours to set on them; a pipe that nobody
/// reads blocks each write. Here it blocks the thread. What doesn't fit into the queue meanwhile, or can't be written
/// as on a full disk, is dropped and counted, and the count is written when writing works again.
final class BackgroundWriter: Sendable {
    /// Bytes that may wait to be written.
    static let queueLimit = 256 << 10

    private enum Entry {
        case text(String)
        /// Tells of so many texts that were dropped, in their place.
        case notice(Int)
    }

    private struct State {
        var entries: [Entry] = []
        var bytes = 0
        /// Texts that were dropped and that no notice in the queue tells of.
        var dropped = 0
        /// Texts that were taken from the queue, and are with their reader or lost.
        var finished = 0
        /// Whether the last write failed: then a notice waits for the next text.
        var isBroken = false
        /// Whether the thread has everything written; nil where there is no thread.
        var isIdle: Bool? = true
        var isFinished = false

        mutating func appendNotice() {
            entries.append(.notice(dropped))
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
                if state.dropped > 0 { state.appendNotice() }
                state.entries.append(.text(text))
                state.bytes += count
                state.isIdle = false
            }
            return true
        }
        if hasThread { work.post() } else { writeHere(text) }
    }

    /// Closes the descriptor once everything is written, where it was made to do so; nothing more may be written then.
    func finish() {
        guard closesAtEnd else { return }
        state.withLock { $0.isFinished = true }
        work.post()
    }

    /// Waits until everything is written, for as long as the reader takes something every `milliseconds`, and ten
    /// times that at most. False where something is left.
    @discardableResult
    func drain(milliseconds: Int) -> Bool {
        var (seen, patience) = (0, 0)
        for _ in 0..<milliseconds * 100 {
            let (isIdle, finished) = state.withLock { ($0.isIdle ?? true, $0.finished) }
            if isIdle { return true }
            patience = finished == seen ? patience + 1 : 0
            seen = finished
            if patience > milliseconds * 10 { return false }
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
            let (entries, isFinished) = state.withLock { state in
                // The reader goes on, and hears what it missed, also where nothing follows.
                if state.entries.isEmpty, state.dropped > 0, !state.isBroken { state.appendNotice() }
                defer { (state.entries, state.bytes) = ([], 0) }
                return (state.entries, state.isFinished)
            }
            for entry in entries { write(entry) }
            let isDone = state.withLock { state in
                state.isIdle = state.entries.isEmpty && (state.dropped == 0 || state.isBroken)
                return state.isIdle == true
            }
            if !isDone { work.post() }
            if isDone, isFinished {
                close(descriptor)
                return
            }
        }
    }

    private func write(_ entry: Entry) {
        let (text, count) =
            switch entry {
            case .text(let text): (text, 1)
            case .notice(let count): (notice(count), count)
            }
        // False where its reader is gone or the disk is full; it takes as long as its reader likes.
        let isWritten = (try? writeAll(text.utf8, to: descriptor)) != nil
        state.withLock { state in
            state.finished += 1
            state.isBroken = !isWritten
            if !isWritten { state.dropped += count }
        }
    }
}
