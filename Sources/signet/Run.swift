import ArgumentParser
import Compositor
import Glibc
import Logging
import SharedMemory
import WaylandServer

/// `signet run`: the compositor itself.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the compositor, alone or for one client.",
        discussion: """
            Prints WAYLAND_DISPLAY=NAME when clients can connect. With a client after --, that client's environment \
            makes toolkits choose this compositor, signals are passed on to it, and signet ends when it ends, with its \
            exit status.
            """
    )

    @Option(help: "The socket's name in XDG_RUNTIME_DIR; the first free of wayland-1 to wayland-32 by default.")
    var socket: String?

    @Option(
        name: .customLong("output"),
        help: .init(
            "An output, 1920x1080@60*1 by default; may be given several times, from left to right.",
            valueName: "WxH[@HZ][*SCALE]"
        ),
        transform: { text in
            guard let mode = OutputMode(text) else {
                throw ValidationError(
                    "'\(text)' isn't an output; write it as 1920x1080, 1280x720@59.94 or 3840x2160@60*2"
                )
            }
            return mode
        }
    )
    var outputs: [OutputMode] = []

    @Option(help: "Where outputs go; there is no other backend yet.")
    var backend = Backend.headless

    @Option(
        help: .init(
            "Which shared memory is taken: sealed (strict, the default), also what can be sealed on arrival (seal), or "
                + "also what can't be (copy: it is read, never mapped).",
            valueName: "strict|seal|copy"
        ),
        transform: { try choice($0, among: ShmPolicy.allCases) }
    )
    var shmPolicy: ShmPolicy?

    @Option(
        help: .init(
            "The device that clients' dma-bufs are for; the first that imports by default, and none is needed.",
            valueName: "PATH|none"
        )
    )
    var drmDevice: String?

    @Option(
        help: .init(
            """
            What outputs' frames are: sealed files (the default), or dumb buffers of a graphics device, which readers \
            get as dma-bufs.
            """,
            valueName: "sealed|dumb:PATH"
        ),
        transform: { text in
            guard let choice = FrameMemory.Choice(text) else {
                throw ValidationError("'\(text)' is neither sealed nor a device; write that as dumb:/dev/dri/card0")
            }
            return choice
        }
    )
    var frameMemory = FrameMemory.Choice.sealed

    @Option(
        name: .customLong("global"),
        help: .init(
            "The newest version of a global that clients find, as xdg_wm_base=3; 0 hides it. May be given again.",
            valueName: "NAME=VERSION"
        ),
        transform: { text in
            guard let global = GlobalVersion(text) else {
                throw ValidationError("'\(text)' isn't a global and a version; write it as xdg_wm_base=3")
            }
            return global
        }
    )
    var globals: [GlobalVersion] = []

    @Option(help: .init("A descriptor that gets a newline when clients can connect.", valueName: "N"))
    var readyFd: CInt?

    @Option(
        help: .init("How much is told; notice by default.", valueName: "debug|info|notice|warning|error"),
        transform: { try choice($0, among: Logger.Level.allCases) }
    )
    var logLevel = Logger.Level.notice

    @Option(
        help: .init(
            "Writes when outputs latch and draw, and when buffers are held and released, for ui.perfetto.dev.",
            valueName: "FILE"
        )
    )
    var trace: String?

    @Flag(help: "Draws each frame, also those that nobody asks for: for measuring what frames cost.")
    var drawAlways = false

    @Flag(help: "Leaves Alt+Tab, Alt+F4 and the other keys for windows to clients.")
    var noShortcuts = false

    @Option(
        help: .init(
            "How long the client may take; then it gets TERM, what is left after 3 s KILL, and the status is 124.",
            valueName: "SECONDS"
        )
    )
    var timeout: Double?

    @Option(
        help: .init(
            """
            Where the client fails, a PNG file of what the first output showed when there were windows last; others' \
            are FILE-2.png and so on.
            """,
            valueName: "FILE.png"
        )
    )
    var screenshotOnFailure: String?

    @Option(
        help: .init(
            """
            A video of the first output, from the first thing that is shown to the client's end. See 'signet record', \
            which it starts.
            """,
            valueName: "FILE.mp4"
        )
    )
    var record: String?

    @OptionGroup(title: "Keyboard") var keyboard: KeyboardOptions

    @Argument(parsing: .postTerminator, help: "A client to run, with its arguments, after --.")
    var client: [String] = []

    /// The newest version of a global that clients are to find.
    struct GlobalVersion {
        let name: String
        let version: UInt32

        /// From a text like `xdg_wm_base=3`.
        init?(_ text: String) {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let version = UInt32(parts[1]) else { return nil }
            (name, self.version) = (String(parts[0]), version)
        }
    }

    enum Backend: String, ExpressibleByArgument, CaseIterable {
        case headless
    }

    func validate() throws {
        try validateClientOptions()
        guard let readyFd else { return }
        let flags = fcntl(readyFd, F_GETFL)
        if flags < 0 {
            throw ValidationError("--ready-fd \(readyFd) isn't an open descriptor; open it for signet, as in '3>file'")
        }
        if flags & O_ACCMODE == O_RDONLY {
            throw ValidationError("--ready-fd \(readyFd) is open for reading only; open it for writing, as in '3>file'")
        }
    }

    private func validateClientOptions() throws {
        if let timeout {
            guard timeout > 0, timeout <= TimeLimit.longest else {
                throw ValidationError("--timeout is a number of seconds, up to a year, and not \(timeout)")
            }
        }
        if screenshotOnFailure == "-" {
            throw ValidationError("--screenshot-on-failure takes a file; the standard output is the client's too")
        }
        if record == "-" { throw ValidationError("--record takes a file; the standard output is the client's too") }
        let options = [
            ("timeout", timeout != nil), ("screenshot-on-failure", screenshotOnFailure != nil),
            ("record", record != nil),
        ]
        for (option, isGiven) in options where isGiven && client.isEmpty {
            throw ValidationError("--\(option) is about a client; name one after --")
        }
    }

    func run() throws {
        // Before the first file is opened and the first thread started.
        let limit = DescriptorLimit()
        DescriptorTable.reserve()
        let outputCount = max(1, outputs.count)
        guard limit.isEnough(outputs: outputCount) else {
            let minimum = DescriptorLimit.minimum(outputs: outputCount)
            throw Failure("fewer than \(minimum) open files are allowed here; raise the hard limit, 'ulimit -Hn'")
        }
        let signals = try SignalQueue()
        let storage = try FrameMemory.open(frameMemory)
        try FrameMemory.check(storage, for: outputs)
        let ready = readyFd.map(ReadyDescriptor.init)
        let level = logLevel
        let log = Logger(label: "signet") { _ in ConsoleLogHandler(logLevel: level) }
        ServerLog.setHandler { log.warning("\($0)") }
        let folder = try RuntimeFolder(create: true)
        let failurePictures = try screenshotOnFailure.map { path throws(Failure) in try FailurePictures(path) }
        let traceFile = try trace.map { path throws(Failure) in try TraceFile(path) }
        // The socket and the lock are gone when the session is.
        let ending: Job.Ending
        let pictures: [LastFrames.Picture]
        do {
            let session = try Session(
                settings: settings(log, storage, traceFile),
                folder: folder,
                socketName: socket,
                signals: signals,
                log: log
            )
            if let warning = folder.warning { log.warning("\(warning)") }
            announce(session.socketName, folder, ready)
            if !client.isEmpty {
                ChildEnvironment.prepare(socketName: session.socketName)
                let isRecorded = try record.map { path in try session.record(to: path, within: min(timeout ?? 30, 30)) }
                if isRecorded ?? true {
                    do {
                        try session.start(lastArguments: client.count, limit: limit, timeout: timeout)
                    } catch {
                        session.abandonRecording()
                        throw error
                    }
                }
            }
            ending = session.run()
            pictures = session.lastPictures
        }
        if let failurePictures, ending.isFailure {
            // That the client failed is what counts.
            do { try failurePictures.write(pictures) { log.notice("\($0)") } } catch let failure as Failure {
                log.error("\(failure.message)")
            }
        }
        ready?.drain()
        traceFile?.drain()
        switch ending {
        case .exit(let status): throw ExitCode(status)
        case .killed(let signal, let wholeGroup):
            Console.drain()
            signals.die(of: signal, wholeGroup: wholeGroup)
        }
    }

    private func settings(_ log: Logger, _ storage: FrameStorage, _ traceFile: TraceFile?) throws -> Compositor.Settings
    {
        var settings = Compositor.Settings()
        if !outputs.isEmpty { settings.outputs = outputs }
        settings.shmPolicy = try ShmPolicy.effective(shmPolicy, log: log)
        settings.device = try GraphicsDevice.open(drmDevice, log: log)
        settings.frameStorage = storage
        FrameMemory.warn(storage, log: log)
        settings.drawsAlways = drawAlways
        settings.keepsLastFrames = screenshotOnFailure != nil
        settings.hasShortcuts = !noShortcuts
        for global in globals { settings.globalVersions[global.name] = global.version }
        if let traceFile { settings.trace = { traceFile.write($0) } }
        settings.keymap = try keyboard.keymap(log)
        return settings
    }

    /// Tells the user, then whoever waits at the ready descriptor.
    private func announce(_ socketName: String, _ folder: RuntimeFolder, _ ready: ReadyDescriptor?) {
        var text = "WAYLAND_DISPLAY=\(socketName)\n"
        if folder.isOurs { text = "XDG_RUNTIME_DIR=\(folder.path)\n" + text }
        Console.standardOutput.write(text)
        // Before what the client prints, if there is anybody who reads it.
        Console.standardOutput.drain(milliseconds: 100)
        ready?.tell()
    }
}

/// The case that `text` names.
private func choice<Value: RawRepresentable<String>>(_ text: String, among all: [Value]) throws -> Value {
    if let value = Value(rawValue: text) { return value }
    throw ValidationError("'\(text)' is none of \(all.map(\.rawValue).joined(separator: ", "))")
}
