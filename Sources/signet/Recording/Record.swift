import ArgumentParser
import Glibc
import SharedMemory
import SignetDriver
import VideoChannel
import WaylandServer

/// What all videos have in common.
struct VideoOptions: ParsableArguments {
    @Option(help: "The output's name, as HEADLESS-2; the first one by default.")
    var output: String?

    @Option(
        help: .init("So many pictures a second, also where nothing changes; whenever something changes by default.")
    )
    var fps: Double?

    @Option(help: "From 0, the smallest video, to 100, which can't be told from the screen.")
    var quality = 62

    @Option(
        name: .customLong("for"),
        help: .init("How long it is; until INT or TERM comes, or the output goes, by default.", valueName: "SECONDS")
    )
    var duration: Double?

    @Option(
        help: .init("A V4L2 device that converts frames, where it lies; none by default.", valueName: "/dev/videoN")
    )
    var converter: String?

    func validate() throws {
        if let fps, !(0.001...1_000).contains(fps) {
            throw ValidationError("--fps is a number of pictures a second, up to 1000, and not \(fps)")
        }
        guard (0...100).contains(quality) else {
            throw ValidationError("--quality is a number from 0 to 100, and not \(quality)")
        }
        if let duration, !(duration > 0 && duration <= TimeLimit.longest) {
            throw ValidationError("--for is a number of seconds, up to a year, and not \(duration)")
        }
    }

    func plan(_ container: VideoOrder.Container) -> Recorder.Plan {
        Recorder.Plan(
            container: container,
            constantRate: fps.map { max(1, Int(($0 * 1_000).rounded())) },
            quality: quality,
            duration: duration.map { UInt64($0 * 1_000_000_000) },
            converter: converter
        )
    }
}

/// `signet record`: a video file of what an output shows.
struct Record: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a video of what an output shows.",
        discussion: """
            FILE gets H.264 in MP4, which browsers play, by the program signet-encoder; cut off at any moment, it \
            plays up to there. Pictures come whenever something changes, with their times, or at a constant rate with \
            --fps. With - as FILE the pictures go to the standard output as they are, in YUV4MPEG2 (y4m), BT.709 with \
            the range of 16 to 235, for any other encoder, at the output's rate or that of --fps. What is too much for \
            the encoder is left out and counted. INT and TERM end it, and the file is whole.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var video: VideoOptions

    @Option(
        help: .init(
            "A V4L2 device that codes the converter's pictures; FILE gets its stream as it is, H.264 for one.",
            valueName: "/dev/videoN"
        )
    )
    var encoder: String?

    @Flag(help: .hidden) var beginWithChange = false
    @Option(help: .hidden) var readyFd: CInt?

    @Argument(help: "Where to write the video; - is the standard output, for pictures that aren't encoded.")
    var file: String

    func validate() throws {
        if file == "-", isatty(STDOUT_FILENO) == 1 {
            throw ValidationError("the pictures aren't for a terminal; pipe them into an encoder, as ffmpeg -i - FILE")
        }
        if encoder != nil, video.converter == nil {
            throw ValidationError("--encoder takes the pictures of a device; name one with --converter")
        }
    }

    func run() throws {
        let container = encoder != nil ? VideoOrder.Container.elementaryStream : file == "-" ? .y4m : .mp4
        var plan = video.plan(container)
        plan.beginsWithChange = beginWithChange
        plan.encoder = encoder
        // It is this process's alone.
        if let readyFd { _ = fcntl(readyFd, F_SETFD, FD_CLOEXEC) }
        try Recording(server, video, plan, name: file).run(ready: readyFd.map { Descriptor(owning: $0) }) {
            try open(file)
        }
    }

    private func open(_ path: String) throws -> VideoFile {
        if path == "-" { return VideoFile(Descriptor(owning: fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)), madeAt: nil) }
        // What is in a file stays until there is something else.
        var number = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        let isNew = number >= 0
        if !isNew, errno == EEXIST { number = unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC) }
        guard number >= 0 else {
            throw Failure("'\(path)' can't be written: \(unsafe String(cString: strerror(errno)))")
        }
        let file = VideoFile(Descriptor(owning: number), madeAt: isNew ? path : nil)
        // It goes with the last descriptor, the encoder's.
        guard flock(number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw Failure("'\(path)' is being written by another program; give this video another name")
        }
        return file
    }
}

/// What a video is written to.
struct VideoFile: ~Copyable {
    let descriptor: Descriptor
    /// Its path, where it wasn't there before.
    let path: String?

    init(_ descriptor: consuming Descriptor, madeAt path: String?) {
        self.descriptor = descriptor
        self.path = path
    }

    consuming func takeDescriptor() -> Descriptor { descriptor }
}

/// A recorder with all that it takes: a connection, signals, an encoder, and somebody who reads how far it is.
struct Recording {
    private let server: ServerOptions
    private let video: VideoOptions
    private let plan: Recorder.Plan
    private let name: String

    init(_ server: ServerOptions, _ video: VideoOptions, _ plan: Recorder.Plan, name: String) {
        self.server = server
        self.video = video
        self.plan = plan
        self.name = name
    }

    /// Runs to the end. `target` opens what is written to, when everything else is there.
    func run(ready: consuming Descriptor?, target: () throws -> VideoFile) throws {
        // Until there is something to be finished, signals end this as they end all programs.
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
        var plan = plan
        let readySignal = ReadySignal(ready)
        do throws(SystemError) { try Disposal.start() } catch {
            throw Failure("no thread can be started (\(error)); raise the limit of processes, 'ulimit -u' or pids.max")
        }
        try server.drive { driver in
            let output = try driver.output(video.output)
            let signals = try SignalQueue()
            if plan.container == .y4m, plan.constantRate == nil {
                plan.constantRate = Int(min(max(output.refresh * 1_000, 1_000), 1_000_000).rounded())
            }
            let encoder = try EncoderProcess(
                for: plan.container,
                device: plan.encoder,
                mask: signals.originalMask
            )
            let helper = encoder.helper
            let file: VideoFile
            do { file = try target() } catch {
                helper.send(SIGKILL)
                _ = helper.waitForEnd(milliseconds: 1_000)
                throw error
            }
            let path = file.path
            let loop = EventLoop()
            let recorder = try Recorder(
                driver,
                of: output,
                plan: plan,
                encoder: encoder,
                into: file.takeDescriptor(),
                loop: loop
            )
            try signals.watch(in: loop) { [unowned recorder, unowned signals] signal in
                switch signal.number {
                case SIGCHLD, SIGCONT, SIGWINCH: break
                case SIGTSTP, SIGTTIN, SIGTTOU: signals.stop(signal.number)
                default: recorder.stop()
                }
            }
            let progress = RecordingProgress(name, loop: loop, recorder, isAlone: !plan.beginsWithChange)
            recorder.onWarning = { progress.warn($0) }
            recorder.onReady = { readySignal.tell() }
            defer {
                if recorder.pictures > 0 { progress.finish() }
                // What was made here and is empty is nobody's.
                if let path, recorder.pictures == 0, isEmptyFile(path) { unsafe unlink(path) }
            }
            try recorder.run()
        }
    }
}

private func isEmptyFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_size == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// Tells whoever started this that the video can begin.
private final class ReadySignal {
    private var descriptor: Descriptor?

    init(_ descriptor: consuming Descriptor?) { self.descriptor = descriptor }

    func tell() {
        guard let descriptor = descriptor.take() else { return }
        _ = unsafe write(descriptor.rawValue, "\n", 1)
    }
}

/// How far a recording is: a line on a terminal that is written again and again, and one in the end.
private final class RecordingProgress {
    private let name: String
    /// It tells this one what people should know.
    private unowned let recorder: Recorder
    /// Whether this is on a terminal, and that isn't another program's at the same time.
    private let isTerminal: Bool
    private var timer: EventLoop.Timer?
    private static let interval: UInt64 = 500_000_000

    init(_ name: String, loop: EventLoop, _ recorder: Recorder, isAlone: Bool) {
        isTerminal = isAlone && isatty(STDERR_FILENO) == 1
        self.name = name == "-" ? "the standard output" : name
        self.recorder = recorder
        guard isTerminal else { return }
        timer = loop.makeTimer { [unowned self] in
            Console.standardError.write("\r\(text)\u{1b}[K")
            timer?.set(at: EventLoop.now + Self.interval)
        }
        timer?.set(at: EventLoop.now + Self.interval)
    }

    private var text: String {
        let tenths = Int((recorder.seconds * 10).rounded())
        let (minutes, seconds) = (tenths / 600, tenths % 600)
        let time = "\(minutes):\(seconds < 100 ? "0" : "")\(seconds / 10).\(seconds % 10)"
        let kilobytes = recorder.bytes / 1_000
        let size = kilobytes < 10_000 ? "\(kilobytes) kB" : "\(kilobytes / 1_000) MB"
        return "\(time), \(recorder.pictures) frames, \(recorder.dropped) dropped, \(size)"
    }

    func warn(_ text: String) {
        Console.standardError.write((isTerminal ? "\r\u{1b}[K" : "") + Console.line("signet: \(text)"))
    }

    func finish() {
        timer?.cancel()
        Console.standardError.write((isTerminal ? "\r\u{1b}[K" : "") + Console.line("signet: \(name): \(text)"))
    }
}
