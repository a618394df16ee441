internal import CWaylandClient
internal import Glibc
public import SharedMemory

/// A client's connection to a server: the `wl_display` object, and everything that came from it.
///
/// A connection belongs to one thread, and is closed when it is let go. Reading never blocks unless a method says so.
public final class Connection {
    /// Why there is no connection, or none any more.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// The socket couldn't be reached; the number is errno's.
        case unreachable(errno: CInt)
        /// The connection broke off; the number is errno's.
        case broken(errno: CInt)
        /// The server ended it, because of an object of the named interface.
        case protocolError(interface: String, id: UInt32, code: UInt32)

        /// A sentence.
        public var description: String {
            switch self {
            case .unreachable(let errno): "there is no Wayland server: \(unsafe String(cString: strerror(errno)))"
            case .broken(let errno): "the connection broke: \(unsafe String(cString: strerror(errno)))"
            case .protocolError(let interface, let id, let code): "protocol error \(code) on \(interface)@\(id)"
            }
        }
    }

    /// Everything that lives on the connection.
    let objects: ObjectMap

    /// libwayland's `wl_display`; nil once the connection is closed.
    var display: ObjectHandle? { objects.display }

    /// Connects to the socket that WAYLAND_SOCKET or WAYLAND_DISPLAY names, or to the one called `name` in
    /// XDG_RUNTIME_DIR.
    public convenience init(to name: String? = nil) throws(Failure) {
        guard let display = unsafe ObjectHandle(wl_display_connect(name)) else { throw .unreachable(errno: errno) }
        self.init(display: display)
    }

    /// Speaks Wayland over a connected stream socket.
    public convenience init(over socket: consuming Descriptor) throws(Failure) {
        // libwayland closes the descriptor also where it fails.
        guard let display = unsafe ObjectHandle(wl_display_connect_to_fd(socket.relinquish())) else {
            throw .unreachable(errno: errno)
        }
        self.init(display: display)
    }

    private init(display: ObjectHandle) {
        objects = ObjectMap(display: display)
    }

    deinit {
        close()
    }

    /// Ends the connection and everything on it. Does nothing the second time.
    public func close() {
        objects.close()
    }

    /// A descriptor that is readable when events have arrived; -1 once closed.
    public var descriptorNumber: CInt { display.map { unsafe wl_display_get_fd($0.pointer) } ?? -1 }

    /// Why nothing works any more; nil while the connection stands.
    public var failure: Failure? {
        guard let display else { return .broken(errno: ENOTCONN) }
        let error = unsafe wl_display_get_error(display.pointer)
        guard error != 0 else { return nil }
        var interface: UnsafePointer<wl_interface>?
        var id: UInt32 = 0
        let code = unsafe wl_display_get_protocol_error(display.pointer, &interface, &id)
        // What errno says of wl_display's own errors is less than the code says.
        let name = unsafe interface.map { unsafe String(cString: $0.pointee.name) }
        guard name != nil || error == EPROTO else { return .broken(errno: error) }
        return .protocolError(interface: name ?? "unknown interface", id: id, code: code)
    }

    /// How many objects live on the connection.
    public var proxyCount: Int { objects.count }

    // MARK: wl_display's requests

    /// The list of the server's globals.
    public func registry() -> WlRegistry { create(1) }

    /// An object whose `done` comes when the server has handled all requests before this one.
    @discardableResult
    public func sync() -> WlCallback { create(0) }

    private func create<New: Proxy>(_ opcode: UInt32) -> New {
        guard let display else { return New(adopting: nil, from: objects) }
        let new = unsafe OutgoingMessage.compose({ $0.newID() }) { arguments in
            // A wl_display is a wl_proxy too.
            unsafe wl_proxy_marshal_array_flags(display.pointer, opcode, New.interface.pointer, 1, 0, arguments)
        }
        return New(adopting: new, from: objects)
    }

    // MARK: Reading and writing

    /// Sends what is queued, as far as the socket takes it. False where something is left or the connection is broken.
    @discardableResult
    public func flush() -> Bool {
        guard let display else { return false }
        return unsafe wl_display_flush(display.pointer) >= 0
    }

    /// Reads what has arrived, without waiting, and runs the handlers of the main queue.
    public func dispatchAvailable() throws(Failure) {
        guard let display else { throw .broken(errno: ENOTCONN) }
        while unsafe wl_display_prepare_read(display.pointer) != 0 { try dispatchPending() }
        flush()
        var poller = pollfd(fd: descriptorNumber, events: Int16(POLLIN), revents: 0)
        if unsafe poll(&poller, 1, 0) > 0 {
            unsafe wl_display_read_events(display.pointer)
        } else {
            unsafe wl_display_cancel_read(display.pointer)
        }
        try dispatchPending()
    }

    /// Sends what is queued, waits for events and runs their handlers.
    public func dispatch() throws(Failure) {
        guard let display, unsafe wl_display_dispatch(display.pointer) >= 0 else {
            throw failure ?? .broken(errno: EPIPE)
        }
    }

    /// Sends what is queued, waits for events of `queue`, and runs their handlers alone.
    public func dispatch(_ queue: EventQueue) throws(Failure) {
        guard let display, unsafe wl_display_dispatch_queue(display.pointer, queue.handle.pointer) >= 0 else {
            throw failure ?? .broken(errno: EPIPE)
        }
    }

    /// Waits until the server has handled everything sent so far, running handlers meanwhile.
    public func roundTrip() throws(Failure) {
        guard let display, unsafe wl_display_roundtrip(display.pointer) >= 0 else {
            throw failure ?? .broken(errno: EPIPE)
        }
    }

    private func dispatchPending() throws(Failure) {
        guard let display, unsafe wl_display_dispatch_pending(display.pointer) >= 0 else {
            throw failure ?? .broken(errno: EPIPE)
        }
    }
}
