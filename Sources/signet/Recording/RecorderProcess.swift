import Glibc
import Logging
import SharedMemory
import WaylandServer

/// The `signet record` that `signet run --record` starts. It is a process of its own, and a client as any other, so
/// that it can't hold up the compositor.
final class RecorderProcess {
    enum State: Equatable {
        /// It hasn't got its first frame yet.
        case starting
        /// It records what changes.
        case ready
        case ended
    }

    private(set) var state = State.starting
    private let helper: HelperProcess
    private var source: EventLoop.Source?
    private let readyPipe: Descriptor
    private var wasStopped = false

    /// How long it may take in the end, in nanoseconds; its encoder has less.
    static let endTime: UInt64 = 20_000_000_000

    init(_ path: String, socketName: String, signals: SignalQueue, loop: EventLoop) throws {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw Failure("the recorder can't be started: \(Errno(rawValue: errno))")
        }
        readyPipe = Descriptor(owning: ends[0])
        let theirs = Descriptor(owning: ends[1])
        _ = fcntl(readyPipe.rawValue, F_SETFD, FD_CLOEXEC)
        let own = HelperProcess.ownPath ?? "signet"
        let options = ["--socket", socketName, "--begin-with-change", "--ready-fd", String(theirs.rawValue)]
        helper = try HelperProcess([own, "record"] + options + ["--", path], mask: signals.originalMask)
        source = loop.watch(ends[0], for: .readable) { [unowned self] _ in
            // A line, or the end.
            source?.remove()
            source = nil
            var byte: UInt8 = 0
            if unsafe read(readyPipe.rawValue, &byte, 1) == 1, state == .starting { state = .ready }
        }
    }

    var process: pid_t { helper.process }
    var isRunning: Bool { state != .ended }

    /// Has it write what it has, and end.
    func stop() {
        wasStopped = true
        if isRunning { helper.send(SIGTERM) }
    }

    /// It has taken too long.
    func kill() {
        guard isRunning else { return }
        helper.send(SIGKILL)
        _ = helper.waitForEnd(milliseconds: 1_000)
        state = .ended
    }

    /// waitpid(2) said something of it.
    func didChange(_ change: ProcessChange, _ log: Logger) {
        guard case .ended(let status, _) = change else { return }
        let wasReady = state == .ready
        state = .ended
        guard wasReady, status != 0 || !wasStopped else { return }
        // What the client does is what counts.
        if wasStopped { return log.error("the recorder has failed, with status \(status); the video may lack its end") }
        log.error("the recorder has ended, with status \(status); the client goes on, and isn't recorded any more")
    }
}
