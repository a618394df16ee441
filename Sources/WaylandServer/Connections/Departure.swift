internal import SharedMemory

/// A connection after its client's end: what is still to be sent, and a socket that stays open for a while.
///
/// A client that was ended with an error is told so only if it gets to read that. While it writes, a closed socket
/// would end it first (EPIPE), and a socket that is closed with unread requests in it takes the error along
/// (ECONNRESET). So the error is sent as soon as the socket takes it, within half a minute, and then the socket stays,
/// unread, until the client hangs up or a second has passed.
final class Departure {
    /// How long, in nanoseconds.
    private static let patience: UInt64 = 1_000_000_000
    /// How long the socket may take to take the rest, in nanoseconds: its client may be stopped in a debugger.
    private static let sendingPatience: UInt64 = 30_000_000_000

    private let socket: ConnectionSocket
    private var output: OutputQueue
    private var source: EventLoop.Source?
    private var timer: EventLoop.Timer?
    private unowned let loop: EventLoop

    /// Calls `onEnd` when it is over. Nil where the loop can't watch the socket; then it is closed at once.
    init?(
        _ socket: ConnectionSocket,
        _ output: OutputQueue,
        loop: EventLoop,
        onEnd: @escaping (Departure) -> Void
    ) {
        self.socket = socket
        self.output = output
        countedBytes = output.byteCount
        self.loop = loop
        let readiness: EventLoop.Readiness = output.isEmpty ? [] : .writable
        source = loop.watch(socket.number, for: readiness) { [unowned self] readiness in
            if !readiness.isDisjoint(with: [.hangUp, .error]) || !goOn() { onEnd(self) }
        }
        guard source != nil else { return nil }
        timer = loop.makeTimer { [unowned self] in onEnd(self) }
        timer?.set(at: EventLoop.now + (output.isEmpty ? Self.patience : Self.sendingPatience))
    }

    /// Bytes that waited to be sent when it began.
    let countedBytes: Int

    /// Sends what the socket takes; false where nobody is there to read it.
    private func goOn() -> Bool {
        guard !output.isEmpty else { return true }
        switch output.flush(to: socket) {
        // Without room, there is nothing to wait for.
        case .broken, .congested: return false
        case .blocked: break
        case .done:
            source?.update([])
            timer?.set(at: EventLoop.now + Self.patience)
        }
        return true
    }

    /// Closes the socket.
    func end() {
        source?.remove()
        timer = nil
    }
}
