internal import CWaylandServer

/// One connection to the server.
///
/// Lives from ``Display/connect(_:)`` until the peer hangs up, breaks a rule, or ``disconnect()``; its objects go with
/// it, and its Swift value stays usable but inert.
public final class Client {
    /// Who is at the other end, as the kernel reported when the socket was connected.
    ///
    /// Source: socket(7), SO_PEERCRED. A process may hand its socket to another; the numbers stay the first one's.
    public struct Credentials: Hashable, Sendable {
        /// The process.
        public let process: Int32
        /// The effective user.
        public let user: UInt32
        /// The effective group.
        public let group: UInt32
    }

    /// libwayland's `wl_client`; nil after the end.
    final var handle: ObjectHandle?
    /// Who is at the other end.
    public final let credentials: Credentials
    /// The error that ends the connection, once a request has raised one.
    public private(set) final var lastError: String?
    /// Whatever the server wants to know about each of its clients.
    public final var context: AnyObject?
    /// Is called once, when the connection has ended. Its objects go right afterwards.
    public final var onDisconnect: (() -> Void)?

    init(handle: ObjectHandle) {
        self.handle = handle
        var (process, user, group): (Int32, UInt32, UInt32) = (0, 0, 0)
        unsafe wl_client_get_credentials(handle.pointer, &process, &user, &group)
        credentials = Credentials(process: process, user: user, group: group)
    }

    /// Whether the connection still stands.
    public final var isConnected: Bool { handle != nil }

    /// The client's `wl_display` object.
    final var displayResource: ObjectHandle? { object(1) }

    /// The client's object with this number.
    final func object(_ id: UInt32) -> ObjectHandle? {
        guard let handle else { return nil }
        return unsafe ObjectHandle(wl_client_get_object(handle.pointer, id))
    }

    /// Ends the connection at once, with all its objects. Not to be called while a request of it is being handled.
    public final func disconnect() {
        if let handle { unsafe wl_client_destroy(handle.pointer) }
    }

    /// Sends what has been queued for this client.
    public final func flush() {
        if let handle { unsafe wl_client_flush(handle.pointer) }
    }

    final func postNoMemory() {
        if let handle { unsafe wl_client_post_no_memory(handle.pointer) }
    }

    final func note(_ error: ProtocolError) {
        lastError = error.message
    }

    final func didDisconnect() {
        handle = nil
        let last = onDisconnect
        onDisconnect = nil
        last?()
    }
}
