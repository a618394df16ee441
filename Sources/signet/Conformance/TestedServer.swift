import CProcess
import Conformance
import DirectRendering
import Glibc

/// A compositor that is tried.
protocol TestedServer: AnyObject {
    /// What it is called in reports.
    var name: String { get }
    /// Its socket's path, once it was started.
    var path: String { get }
    /// Whether it can be started again.
    var canRestart: Bool { get }
    /// Whether it was never started, or was given up.
    var needsStart: Bool { get }
    /// What its process has; nil where that isn't known.
    var footprint: Footprint? { get }

    /// Starts it, and waits until clients can connect.
    func start(_ signals: ConformanceSignals) throws
    /// How it ended; nil where it still runs after that time.
    func ending(milliseconds: Int) -> String?
    /// It isn't fit for more cases.
    func giveUp()
    /// Ends what was started, and removes what was made for it.
    func end()
}

/// One that runs already, behind a socket.
final class RunningServer: TestedServer {
    let path: String
    let canRestart = false
    let footprint: Footprint? = nil
    private(set) var needsStart = false

    init(name: String?) throws {
        guard let name = name ?? environmentValue("WAYLAND_DISPLAY"), !name.isEmpty else {
            throw Failure("there is no compositor to try: give one after --, or its socket with --socket")
        }
        path = name.hasPrefix("/") ? name : try RuntimeFolder(create: false).path + "/" + name
    }

    var name: String { path }

    func start(_ signals: ConformanceSignals) throws {
        do { _ = try RawSocket(path: path) } catch { throw Failure("\(path): \(error); is the compositor running?") }
    }

    func ending(milliseconds: Int) -> String? {
        for _ in 0..<3 {
            if (try? RawSocket(path: path)) != nil { return nil }
            usleep(100_000)
        }
        return "nobody listens at the socket any more"
    }

    func giveUp() { needsStart = true }

    func end() {}
}

/// One that is started here, in a runtime folder of its own.
final class StartedServer: TestedServer {
    private let arguments: [String]
    private let folder: String
    private var runtimeFolder = ""
    private var process: HelperProcess?
    private var startCount = 0
    private(set) var path = ""
    let canRestart = true

    /// Seconds until clients must be able to connect.
    private static let startTime = 20

    init(_ arguments: [String]) throws {
        self.arguments = arguments
        var template = Array("/tmp/signet-conformance-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw Failure("no folder can be made under /tmp: \(unsafe String(cString: strerror(errno)))")
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var name: String { arguments.joined(separator: " ") }
    var needsStart: Bool { process == nil }

    var footprint: Footprint? { process.flatMap { Footprint(of: $0.process) } }

    func start(_ signals: ConformanceSignals) throws {
        stop()
        startCount += 1
        runtimeFolder = "\(folder)/\(startCount)"
        guard unsafe mkdir(runtimeFolder, 0o700) == 0 else {
            throw Failure("\(runtimeFolder) can't be made: \(unsafe String(cString: strerror(errno)))")
        }
        unsafe setenv("XDG_RUNTIME_DIR", runtimeFolder, 1)
        // It isn't to be a client of the compositor that this command may run in.
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"] { unsafe unsetenv(name) }
        // The shell becomes the compositor, with its output in a file.
        let script = "exec \"$@\" >\"$0\" 2>&1 </dev/null"
        let process = try HelperProcess(["/bin/sh", "-c", script, logPath] + arguments, mask: signals.originalMask)
        self.process = process
        for _ in 0..<Self.startTime * 50 {
            if let found = socketThatListens() {
                path = found
                return
            }
            if let end = ending(milliseconds: 0) {
                giveUp()
                throw Failure("'\(arguments[0])' didn't start: \(end)\(lastWords)")
            }
            if signals.wasInterrupted { break }
            usleep(20_000)
        }
        giveUp()
        throw Failure("'\(arguments[0])' made no socket wayland-* within \(Self.startTime) s\(lastWords)")
    }

    private var logPath: String { "\(folder)/\(startCount).log" }

    /// What it wrote last.
    private var lastWords: String {
        guard let text = readEnd(of: logPath) else { return "" }
        guard let line = text.split(separator: "\n").last else { return "" }
        return "; its last line was: \(line)"
    }

    private func socketThatListens() -> String? {
        let names = fileNames(in: runtimeFolder).filter { $0.hasPrefix("wayland-") && !$0.hasSuffix(".lock") }
        return names.map { "\(runtimeFolder)/\($0)" }.first { (try? RawSocket(path: $0)) != nil }
    }

    func ending(milliseconds: Int) -> String? {
        guard let process else { return "it wasn't started" }
        for round in 0...milliseconds / 10 {
            if round > 0 { usleep(10_000) }
            var code: CInt = 0
            guard unsafe waitpid(process.process, &code, WNOHANG) == process.process else { continue }
            guard case .ended(let status, let signal) = ProcessChange(code) else { continue }
            if let signal { return "the server's process was ended by signal \(signal) (\(signalName(signal)))" }
            return "the server's process ended with status \(status)"
        }
        return nil
    }

    func giveUp() {
        guard let process else { return }
        // Its children too, which are in its group.
        kill(-process.process, SIGKILL)
        _ = waitpid(process.process, nil, 0)
        self.process = nil
    }

    func end() {
        stop()
        unsafe signet_remove_tree(folder)
    }

    private func stop() {
        guard let process else { return }
        kill(process.process, SIGTERM)
        if ending(milliseconds: 3_000) == nil { process.send(SIGKILL) }
        giveUp()
    }
}

private func signalName(_ number: CInt) -> String { unsafe strsignal(number).map { unsafe String(cString: $0) } ?? "" }
