import Foundation
import Glibc
import Testing

/// The package's own programs, as users run them.
enum Program {
    /// Where the build put them: beside the test runner.
    static let folder: String = {
        let runner = try! FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The runner itself may be the toolchain's; then the bundle's path is the first argument that names one.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? runner
        return URL(filePath: bundle).deletingLastPathComponent().path
    }()

    /// Whether programs are built with the address sanitizer, as the tests are.
    static let isSanitized = unsafe dlsym(nil, "__asan_init") != nil

    static func path(of name: String) -> String { folder + "/" + name }

    /// Whether a program of the system's is there.
    static func isInstalled(_ name: String) -> Bool { installedPath(of: name) != nil }

    /// Where a program of the system's is.
    static func installedPath(of name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Says that a test means nothing here; where everything is to be installed, that is a failure.
    static func notInstalled(_ name: String) {
        if ProcessInfo.processInfo.environment["CI"] != nil { Issue.record("\(name) isn't installed") }
        print("skipped, because \(name) isn't installed")
    }

    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs a program to its end.
    static func run(
        _ name: String,
        _ arguments: [String],
        in folder: RuntimeDirectory?,
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let running = try Running(name, arguments, in: folder, environment: environment)
        return running.finish()
    }
}

/// A program that runs beside the test.
final class Running {
    let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private var watchdog: DispatchWorkItem?

    /// `standardError` and `standardOutput` take the place of pipes that are read at the end; `standardInput` is a pipe
    /// or a file handle.
    init(
        _ name: String,
        _ arguments: [String],
        in folder: RuntimeDirectory?,
        environment: [String: String] = [:],
        standardInput: Any? = nil,
        standardOutput: FileHandle? = nil,
        standardError: FileHandle? = nil
    ) throws {
        process.executableURL = URL(
            filePath: name.hasPrefix("/") ? name : Program.path(of: name)
        )
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment
        all["WAYLAND_DISPLAY"] = nil
        // A crash is to end the program, not to start a debugger.
        all["SWIFT_BACKTRACE"] = "enable=no"
        all["XDG_RUNTIME_DIR"] = folder?.path
        for (key, value) in environment { all[key] = value }
        process.environment = all
        process.standardInput = standardInput ?? FileHandle.nullDevice
        process.standardOutput = standardOutput ?? output
        process.standardError = standardError ?? errors
        if standardOutput != nil { try output.fileHandleForWriting.close() }
        if standardError != nil { try errors.fileHandleForWriting.close() }
        // A test runs on a thread that blocks signals, and a child inherits the mask.
        var (none, mask) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &mask)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try process.run()
        // Nothing here takes a minute; what hangs is killed, and its test fails.
        let number = process.processIdentifier
        watchdog = DispatchWorkItem { _ = kill(number, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: watchdog!)
    }

    var identifier: Int32 { process.processIdentifier }

    /// Waits for the end.
    func finish() -> Program.Outcome {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        watchdog?.cancel()
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Program.Outcome(status: status, output: text, errors: errorText)
    }

    /// Waits until it says `word`; false where it ends before that.
    func hears(_ word: String) -> Bool {
        var text = ""
        while !text.contains(word) {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return false }
            text += String(decoding: data, as: UTF8.self)
        }
        return true
    }

    /// Kills it with all processes that it started, which are in its group, and waits for the end.
    func killTree() {
        kill(-identifier, SIGKILL)
        _ = finish()
    }

    /// Sends a signal and waits for the end.
    @discardableResult
    func end(_ signal: Int32 = SIGTERM) -> Program.Outcome {
        kill(identifier, signal)
        return finish()
    }
}

/// A failed expectation looks into everything that it names, and what Foundation keeps of a process ends that badly.
extension Running: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: ["identifier": identifier]) }
}

/// What programs are to find.
enum Kernel: Equatable {
    case asItIs
    /// One that answers ENOSYS to memfd_create.
    case withoutMemfd
    /// A sandbox that answers so, as in `EPERM`.
    case memfdForbidden(String)
    /// One with vm.memfd_noexec=2.
    case noexecOnly

    /// Starts a program on it.
    func start(
        _ name: String,
        _ arguments: [String],
        in folder: RuntimeDirectory?,
        environment: [String: String] = [:]
    ) throws -> Running {
        let options: [String]
        switch self {
        case .asItIs: return try Running(name, arguments, in: folder, environment: environment)
        case .withoutMemfd: options = []
        case .memfdForbidden(let error): options = ["--errno", error]
        case .noexecOnly: options = ["--noexec"]
        }
        // It becomes the program, and so has its number.
        let program = name.hasPrefix("/") ? name : Program.path(of: name)
        return try Running("without-memfd", options + [program] + arguments, in: folder, environment: environment)
    }
}

/// A runtime folder of the test's own, removed with it.
final class RuntimeDirectory {
    let path: String

    init() {
        var template = Array("/tmp/signet-e2e-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

    /// Starts a compositor here, with a small output, and waits until clients can connect.
    func compositor(_ arguments: [String] = [], on kernel: Kernel = .asItIs) throws -> Running {
        let output = arguments.contains("--output") ? [] : ["--output", "480x360"]
        let running = try kernel.start("signet", ["run", "--socket", "test"] + output + arguments, in: self)
        for _ in 0..<500 where !contents.contains("test") { usleep(10_000) }
        return running
    }

    /// Takes a screenshot of the compositor here.
    func screenshot(on kernel: Kernel = .asItIs) throws -> Picture {
        let file = path + "/screenshot.png"
        let outcome = try kernel.start("signet", ["screenshot", "--socket", "test", file], in: self).finish()
        guard outcome.status == 0 else { throw Picture.Failure(description: outcome.errors) }
        return try Picture(contentsOf: file)
    }
}

/// Waits until a condition holds, for ten seconds at most.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<100 {
        if try condition() { return true }
        usleep(100_000)
    }
    return false
}
