import Compositor
import Glibc
import Logging
import SharedMemory
import WaylandServer

/// One run of the compositor: its socket, its signals, and the client it runs for, if there is one.
final class Session {
    let socketName: String
    private let compositor: Compositor
    private let signals: SignalQueue
    private let log: Logger
    private var job: Job?
    private var timeLimit: TimeLimit?
    private var recorder: RecorderProcess?
    /// Whether signals are for a client that isn't there yet.
    private var isBeforeClient = false
    /// Whether a signal came when the run was over.
    private var isImpatient = false
    /// Set when it is time to end.
    private var ending: Job.Ending?
    /// How long is waited in the end for the last frames, in nanoseconds: where drawing hangs, the run ends without.
    private static let drawingTime: UInt64 = 5_000_000_000

    /// Makes the compositor and listens. Fails, and leaves nothing behind, where clients or readers would wait in vain.
    init(
        settings: Compositor.Settings,
        folder: RuntimeFolder,
        socketName: String?,
        signals: SignalQueue,
        log: Logger
    ) throws {
        self.signals = signals
        self.log = log
        HeapPolicy.apply()
        do throws(SystemError) {
            try Disposal.start()
        } catch {
            throw Failure("no thread can be started (\(error)); raise the limit of processes, 'ulimit -u' or pids.max")
        }
        compositor = Compositor(settings: settings, log: log)
        let names = compositor.globalNames
        if let name = settings.globalVersions.keys.sorted().first(where: { !names.contains($0) }) {
            let all = names.sorted().joined(separator: ", ")
            throw Failure("there is no global '\(name)' for --global; those that there are: \(all)")
        }
        compositor.display.redirectTrace { Console.standardError.write(Console.line($0)) }
        compositor.display.loop.turns.measuresSleep = log.logLevel <= .debug
        do throws(SystemError) {
            try compositor.tryFrames()
        } catch {
            throw FrameMemory.failure(error, in: settings.frameStorage)
        }
        let socket: ListeningSocket
        do throws(ListeningSocket.Failure) {
            socket = try ListeningSocket(name: socketName, in: folder.path)
        } catch {
            throw Failure(error.asksForAnotherName ? "\(error) with --socket" : "\(error)")
        }
        self.socketName = socket.name
        compositor.listen(on: socket)
        try signals.watch(in: compositor.display.loop) { [unowned self] in handle($0) }
    }

    /// Starts the client that the run is for: the last `count` arguments of the command line. It may take `timeout`
    /// seconds; nil is any time.
    func start(lastArguments count: Int, limit: DescriptorLimit, timeout: Double?) throws {
        let job = try Job(lastArguments: count, signals: signals, limit: limit)
        self.job = job
        guard let timeout else { return }
        timeLimit = TimeLimit(seconds: timeout, job: job, loop: compositor.display.loop) { [unowned self] moment in
            switch moment {
            case .over:
                // Before the client hears of it.
                compositor.lastFrames?.update()
                log.error("the client hasn't ended within \(timeout) seconds (--timeout), and is ended")
            case .gone: ending = .exit(status: TimeLimit.status)
            }
        }
    }

    /// Starts to record the first output, and waits until the recorder waits for what changes on it, for so many
    /// seconds at most. False where a signal ended the run meanwhile, before the client was started.
    func record(to path: String, within seconds: Double) throws -> Bool {
        isBeforeClient = true
        defer { isBeforeClient = false }
        let recorder = try RecorderProcess(
            path,
            socketName: socketName,
            signals: signals,
            loop: compositor.display.loop
        )
        self.recorder = recorder
        let end = EventLoop.now + UInt64(seconds * 1_000_000_000)
        while recorder.state == .starting, ending == nil, EventLoop.now < end { compositor.dispatch(timeout: 100) }
        if ending != nil { return false }
        if recorder.state == .ready { return true }
        let wasRunning = recorder.isRunning
        recorder.kill()
        throw Failure(
            wasRunning
                ? "the recorder hasn't begun within \(seconds) seconds, and the client isn't started"
                : "nothing can be recorded, and the client isn't started"
        )
    }

    /// The client can't be started: there is nothing to be recorded.
    func abandonRecording() { recorder?.kill() }

    /// Runs until it is time to end; returns how.
    func run() -> Job.Ending {
        while true {
            if let ending {
                finishDrawing()
                finishRecording()
                reportTurns()
                return ending
            }
            compositor.dispatch()
        }
    }

    /// What outputs showed when there were windows last; empty where the settings don't ask for it.
    var lastPictures: [LastFrames.Picture] { compositor.lastFrames?.pictures ?? [] }

    private func finishDrawing() {
        let end = EventLoop.now + Self.drawingTime
        while compositor.lastFrames?.isDrawing == true, EventLoop.now < end { compositor.dispatch(timeout: 100) }
    }

    /// The recorder has to read its last frame, and to write what it has.
    private func finishRecording() {
        guard let recorder else { return }
        let end = EventLoop.now + RecorderProcess.endTime
        recorder.stop()
        while recorder.isRunning, EventLoop.now < end, !isImpatient { compositor.dispatch(timeout: 100) }
        if recorder.isRunning { log.error("the recorder hasn't ended, and is killed; the video's end is missing") }
        recorder.kill()
    }

    /// How long one client, or anything else, kept everybody waiting at most.
    private func reportTurns() {
        let turns = compositor.display.loop.turns
        let (time, sleep) = (turns.longest / 1_000, turns.longestSleep / 1_000)
        let process = turns.longestProcess.map { ", for process \($0)" } ?? ""
        let often = "\(turns.longSleeps) times for longer than a millisecond"
        log.debug("longest turn: \(time) us of CPU, \(sleep) us asleep (\(often))\(process)")
    }

    private func handle(_ signal: SignalQueue.Signal) {
        let number = signal.number
        if ending != nil, number == SIGCHLD { return reap() }
        // The client may be gone, and its group and the terminal somebody else's.
        guard ending == nil else {
            isImpatient = isImpatient || [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(number)
            return
        }
        if isBeforeClient, [SIGHUP, SIGINT, SIGQUIT, SIGTERM].contains(number) {
            ending = .exit(status: 128 + number)
            return
        }
        switch (number, job) {
        case (SIGCHLD, _): reap()
        case (_, let job?): job.handle(signal)
        case (SIGTSTP, nil), (SIGTTIN, nil), (SIGTTOU, nil): signals.stop(number)
        case (SIGCONT, nil), (SIGWINCH, nil): break
        // These are how one asks a server to end.
        case (SIGHUP, nil), (SIGINT, nil), (SIGQUIT, nil), (SIGTERM, nil): ending = .exit(status: 0)
        case (_, nil): ending = .exit(status: 128 + number)
        }
    }

    /// Takes note of all processes that have ended. As the first process of a container, or as a subreaper, Signet is
    /// the parent of whatever its client's children leave behind.
    private func reap() {
        var code: CInt = 0
        while true {
            let process = unsafe waitpid(-1, &code, WNOHANG | WUNTRACED)
            guard process > 0 else { return }
            if let recorder, process == recorder.process { recorder.didChange(ProcessChange(code), log) }
            guard let job, process == job.process, ending == nil else { continue }
            switch ProcessChange(code) {
            case .stopped(let signal): job.didStop(by: signal)
            case .ended(let status, let signal): clientDidEnd(job.didEnd(status: status, signal: signal))
            }
        }
    }

    private func clientDidEnd(_ result: Job.Ending) {
        if let timeLimit, timeLimit.isOver { return timeLimit.clientDidEnd() }
        timeLimit = nil
        // Windows that it hasn't taken along are still there: what comes from clients waits.
        if result.isFailure { compositor.lastFrames?.update() }
        ending = result
    }
}
