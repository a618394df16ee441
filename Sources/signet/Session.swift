import Compositor
import Glibc
import Logging
import WaylandServer

/// One run of the compositor: its socket, its signals, and the client it runs for, if there is one.
final class Session {
    let socketName: String
    private let compositor: Compositor
    private let originalMask: sigset_t
    private var child: ChildProcess?
    private var hasPassedSignalOn = false
    /// Set when it is time to end.
    private var status: CInt?

    init(settings: Compositor.Settings, folder: RuntimeFolder, socketName: String?, log: Logger) throws {
        // The signals that are waited for here are blocked from now on: one that comes before the loop runs waits for it,
        // and doesn't leave the socket behind. What a child gets back is the old mask.
        var (waitedFor, mask) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&waitedFor)
        for signal in [SIGINT, SIGTERM, SIGCHLD] { unsafe sigaddset(&waitedFor, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &waitedFor, &mask)
        originalMask = mask
        let socket: ListeningSocket
        do throws(ListeningSocket.Failure) {
            socket = try ListeningSocket(name: socketName, in: folder.path)
        } catch {
            throw Failure("\(error)")
        }
        self.socketName = socket.name
        compositor = Compositor(settings: settings, log: log)
        compositor.listen(on: socket)
        for signal in [SIGINT, SIGTERM] {
            _ = compositor.display.loop.watch(signal: signal) { [unowned self] in end(on: signal) }
        }
        _ = compositor.display.loop.watch(signal: SIGCHLD) { [unowned self] in
            if let ended = child?.exitStatus() { status = ended }
        }
        // A reader that goes away is an error of write, not the end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Starts the client that the run is for.
    func start(_ command: [String], limit: DescriptorLimit) throws {
        child = try ChildProcess(command, mask: originalMask, limit: limit)
    }

    /// Runs until it is time to end; returns the exit status.
    func run() -> CInt {
        while true {
            if let status { return status }
            compositor.dispatch()
        }
    }

    /// A client ends first and tells the status; who asks twice means it.
    private func end(on signal: CInt) {
        guard let child else {
            status = 0
            return
        }
        child.send(hasPassedSignalOn ? SIGKILL : signal)
        hasPassedSignalOn = true
    }
}
