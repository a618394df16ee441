internal import Synchronization
internal import WaylandServer

/// Tells when memory is back with the kernel. Unmapping is done elsewhere, and takes its time; what is charged for the
/// memory is charged until then.
final class UnmapNotice: Sendable {
    private enum State {
        case isMapped
        case isAwaited(@Sendable () -> Void)
        case isGone
    }

    private let state = Mutex(State.isMapped)

    /// The memory is gone. To be called once, by any thread.
    func send() {
        let before = state.withLock { state in
            defer { state = .isGone }
            return state
        }
        if case .isAwaited(let action) = before { action() }
    }

    /// Calls `action`, by whatever thread, when it is gone; to be called once.
    func await(_ action: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            if case .isGone = state { return true }
            state = .isAwaited(action)
            return false
        }
        if isGone { action() }
    }
}

extension ClientAccount {
    /// Keeps charges until memory is gone that nobody needs any more.
    func keep(_ charges: [SharedCharge], until notice: UnmapNotice) {
        let reply = lane.expect { withExtendedLifetime(charges) {} }
        notice.await { reply.send() }
    }
}
