internal import Compositor
internal import Glibc
internal import Logging
internal import Pixels
internal import SharedMemory
internal import Synchronization
internal import WaylandServer

/// A compositor on a thread of its own, for the runner's: each call waits until it has been dealt with.
final class Server: Sendable {
    /// An output that has room for all that the tests place.
    private static let output = OutputMode(width: 1_600, height: 1_600)

    private let remote = Mutex<Compositor.Remote?>(nil)
    private let hasBegun = Semaphore()
    private let hasEnded = Semaphore()
    private let mustEnd = Atomic(false)
    /// Clients by the numbers of the runner's ends of their connections. One is used again when it is closed.
    private let clients = Mutex<[CInt: ObjectIdentifier]>([:])

    /// Starts the thread, and waits until clients could connect.
    init() {
        do throws(SystemError) {
            try startThread { [self] in live() }
        } catch {
            fatalError("\(error)")
        }
        hasBegun.wait()
    }

    private func live() {
        var settings = Compositor.Settings()
        // The suite's clients make memory that can't be sealed.
        settings.shmPolicy = .copy
        settings.outputs = [Self.output]
        settings.keymap = try? Keymap()
        settings.isLenientWithNewWindows = true
        var logger = Logger(label: "signet")
        logger.logLevel = .critical
        do {
            let compositor = Compositor(settings: settings, log: logger)
            remote.withLock { $0 = compositor.remote }
            hasBegun.post()
            while !mustEnd.load(ordering: .acquiring) { compositor.dispatch() }
            remote.withLock { $0 = nil }
        }
        hasEnded.post()
    }

    /// Runs something in the compositor's thread, and waits for it; does nothing once that has ended.
    func run<Result: Sendable>(_ action: @escaping @Sendable (Compositor) -> Result) -> Result? {
        guard let remote = remote.withLock({ $0 }) else { return nil }
        let (result, isDone) = (Box<Result>(), Semaphore())
        remote.post { compositor in
            result.value.withLock { $0 = action(compositor) }
            isDone.post()
        }
        isDone.wait()
        return result.value.withLock { $0 }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Ends the compositor, and waits for that; does nothing the second time.
    func stop() {
        guard !mustEnd.exchange(true, ordering: .acquiringAndReleasing) else { return }
        remote.withLock { $0 }?.post { _ in }
        hasEnded.wait()
    }

    /// One end of a new connection, which the caller closes; -1 where there is none.
    func connect() -> CInt {
        run { [self] compositor in
            var ends: [CInt] = [-1, -1]
            let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
            guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { return -1 }
            guard let client = compositor.connect(Descriptor(owning: ends[0])) else { return -1 }
            clients.withLock { $0[ends[1]] = ObjectIdentifier(client) }
            return ends[1]
        } ?? -1
    }

    /// Puts the window of a surface at a place, by the number of the runner's end of the connection and the surface's
    /// id there.
    func place(_ surface: UInt32, of connection: CInt, at place: Point) {
        let identifier = clients.withLock { $0[connection] }
        _ = run { compositor in
            let client = compositor.display.clients.first { ObjectIdentifier($0) == identifier }
            if let client { compositor.placeWindow(of: surface, client, at: place) }
        }
    }

    func send(_ event: InputEvent) { _ = run { $0.send(event) } }
}
