internal import CProcess
public import Compositor
internal import Glibc
internal import Logging
internal import SharedMemory
public import SignetDriver
internal import Synchronization
internal import WaylandClient
internal import WaylandServer

/// A compositor inside this process, for programs that a test starts, and its driver.
///
///     let desktop = try Desktop()
///     let editor = try desktop.start("foot", "-e", "cat")
///     try desktop.driver.waitForWindow("foot")
///     try desktop.driver.type("Grüße\n")
///
/// The compositor has a thread, and a folder of its own for its socket. When the desktop is let go, the programs that
/// it started are ended, and nothing is left behind. It belongs to one thread, or to one task at a time: its methods
/// wait until what they do is done.
public final class Desktop {
    /// Why there is no desktop, or no program on it.
    public struct Failure: Error, CustomStringConvertible {
        /// A sentence.
        public let description: String
    }

    /// What operates the programs.
    public let driver: Driver
    private let folder: String
    private let server: Server
    private var programs: [Program] = []

    /// Starts a compositor; the settings are as `signet run` has them, with a keyboard.
    public init(
        outputs: [OutputMode] = [OutputMode(width: 1_280, height: 720)],
        shmPolicy: ShmPolicy = .strict
    ) throws {
        var template = Array("/tmp/signet-test-XXXXXX".utf8CString)
        guard let path = unsafe mkdtemp(&template) else {
            throw Failure(description: "there is no folder for a socket: \(unsafe String(cString: strerror(errno)))")
        }
        folder = unsafe String(cString: path)
        do {
            var settings = Compositor.Settings()
            settings.outputs = outputs
            settings.shmPolicy = shmPolicy
            settings.keymap = try Keymap()
            server = try Server(settings, folder)
            driver = try Driver(try ServerConnection.open(folder + "/" + server.socketName, timeout: 10))
        } catch {
            unsafe signet_remove_tree(folder)
            throw error
        }
    }

    deinit {
        for program in programs { program.end() }
        server.stop()
        // With what programs put there.
        unsafe signet_remove_tree(folder)
    }

    /// Starts a program, which is looked for in PATH.
    @discardableResult
    public func start(_ program: String, _ arguments: String...) throws -> Program {
        try start(program, arguments: arguments)
    }

    /// Starts a program, which is looked for in PATH.
    @discardableResult
    public func start(_ program: String, arguments: [String]) throws -> Program {
        let new = try Program([program] + arguments, environment: environment)
        programs.append(new)
        return new
    }

    /// What a program finds in its environment, each as `NAME=VALUE`.
    private var environment: [String] {
        let set = ClientEnvironment.variables(socketName: server.socketName) + [("XDG_RUNTIME_DIR", folder)]
        let names = Set(set.map(\.name) + ClientEnvironment.foreign)
        var result = set.map { "\($0.name)=\($0.value)" }
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if !names.contains(String(text.prefix { $0 != "=" })) { result.append(text) }
            unsafe next += 1
        }
        return result
    }
}

/// A compositor that runs in a thread of its own.
private final class Server: Sendable {
    private let remote: Compositor.Remote
    private let isStopping: Flag
    private let hasEnded: SharedMemory.Semaphore
    let socketName: String

    private final class Flag: Sendable { let value = Atomic(false) }

    /// The way to it, and its socket's name.
    private typealias Start = Result<(Compositor.Remote, String), Desktop.Failure>

    init(_ settings: Compositor.Settings, _ folder: String) throws {
        let (isStopping, hasEnded, hasStarted) = (Flag(), SharedMemory.Semaphore(), SharedMemory.Semaphore())
        final class Box: Sendable {
            let start = Mutex<Start?>(nil)
        }
        let box = Box()
        @Sendable func tell(_ result: Start) {
            box.start.withLock { $0 = result }
            hasStarted.post()
        }
        // All of the compositor's is gone when this returns, its socket too.
        @Sendable func serve() {
            do throws(ListeningSocket.Failure) {
                let socket = try ListeningSocket(name: nil, in: folder)
                let name = socket.name
                let log = Logger(label: "signet") { _ in SwiftLogNoOpLogHandler() }
                let compositor = Compositor(settings: settings, log: log)
                compositor.listen(on: socket)
                tell(.success((compositor.remote, name)))
                while !isStopping.value.load(ordering: .acquiring) { compositor.dispatch() }
            } catch {
                tell(.failure(Desktop.Failure(description: "\(error)")))
            }
        }
        try startThread {
            serve()
            hasEnded.post()
        }
        hasStarted.wait()
        (remote, socketName) = try box.start.withLock { $0 }!.get()
        self.isStopping = isStopping
        self.hasEnded = hasEnded
    }

    /// Ends it, and waits until it has.
    func stop() {
        isStopping.value.store(true, ordering: .releasing)
        remote.post { _ in }
        hasEnded.wait()
    }
}
