internal import CWaylandServer
public import SharedMemory

/// The server: its globals, its clients, its event loop.
///
/// Everything that hangs on it belongs to the thread that runs ``loop``. It opens no socket of its own: whoever
/// listens hands over connected descriptors with ``connect(_:)``.
public final class Display {
    let handle: ObjectHandle
    /// Where clients' requests, timers and the server's own descriptors are waited for.
    public let loop: EventLoop
    /// Those that are connected, by libwayland's address.
    private var clientsByHandle: [ObjectHandle: Client] = [:]
    private var globals: [GlobalAnnouncement] = []

    /// Makes a server without globals. Ends the process where there is no memory even for that.
    public init() {
        guard let handle = unsafe ObjectHandle(wl_display_create()) else {
            fatalError("there is no memory for a wl_display")
        }
        self.handle = handle
        loop = EventLoop(handle: unsafe ObjectHandle(wl_display_get_event_loop(handle.pointer))!)
        unsafe wl_display_set_global_filter(handle.pointer, globalFilter, nil)
    }

    deinit {
        for client in clients { client.disconnect() }
        for global in globals { global.end() }
        loop.removeAllSources()
        unsafe wl_display_destroy(handle.pointer)
    }

    /// The connected clients, in the order in which they connected, as libwayland lists them.
    public var clients: [Client] {
        guard let list = unsafe wl_display_get_client_list(handle.pointer) else { return [] }
        var clients: [Client] = []
        clients.reserveCapacity(clientsByHandle.count)
        var link = unsafe list.pointee.next
        while let current = unsafe link, unsafe current != list {
            if let client = unsafe client(of: ObjectHandle(wl_client_from_link(current))) { clients.append(client) }
            unsafe link = current.pointee.next
        }
        return clients
    }

    /// How many clients are connected.
    public var clientCount: Int { clientsByHandle.count }

    /// Serves the client at the other end of `socket`, a connected stream socket.
    ///
    /// Returns nil, and closes the socket, where libwayland refuses it: no memory, or no descriptor for its epoll set.
    public func connect(_ socket: consuming Descriptor) -> Client? {
        let number = socket.relinquish()
        guard let handle = unsafe ObjectHandle(wl_client_create(self.handle.pointer, number)) else {
            _ = Descriptor(owning: number)
            return nil
        }
        let client = Client(handle: handle)
        clientsByHandle[handle] = client
        let listener = DestroyListener { [weak self] in
            self?.clientsByHandle[handle] = nil
            client.didDisconnect()
        }
        unsafe wl_client_add_destroy_listener(handle.pointer, listener.pointer)
        return client
    }

    /// Sends what has been queued for all clients.
    public func flushClients() {
        unsafe wl_display_flush_clients(handle.pointer)
    }

    /// A number for an event that a later request may refer to.
    public func nextSerial() -> UInt32 {
        unsafe wl_display_next_serial(handle.pointer)
    }

    func client(of handle: ObjectHandle?) -> Client? {
        handle.flatMap { clientsByHandle[$0] }
    }

    func add(_ global: GlobalAnnouncement) {
        globals.append(global)
    }
}
