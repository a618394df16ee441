import CListenerServer
import Compositor
import Logging
import SharedMemory
import TestSupport

/// Who serves the requests. Each runs in the calling thread until its only client has left.
enum Server: String, CaseIterable {
    /// The least in C, through libwayland's listeners.
    case listener = "C listeners"
    /// The least in Swift, through bindings to libwayland: what WaylandServer was before it had a wire of its own.
    case libwayland = "on libwayland"
    /// The least in Swift, through the generated bindings.
    case bindings = "bindings"
    /// Signet, with everything that a request means.
    case compositor = "Signet"

    func run(_ socket: consuming Descriptor) {
        switch self {
        case .listener: signet_listener_server_run(socket.relinquish())
        case .libwayland: LeastOnLibwayland().run(socket)
        case .bindings: Least().run(socket)
        case .compositor:
            let log = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
            // Frames aren't what is measured.
            let compositor = Compositor(settings: .init(), log: log) { _ in ManualClock() }
            compositor.connect(socket)
            while compositor.clientCount > 0 { compositor.dispatch(timeout: -1) }
        }
    }
}
