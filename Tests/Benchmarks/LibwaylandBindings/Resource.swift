internal import CWaylandServer

/// One protocol object of one client: the server's end of it.
///
/// Each interface's generated subclass adds a `handler`, to which decoded requests go, and a method for each event.
///
/// - The object lives from the request (or bind) that makes it until its destructor request, its client's end, or
///   ``destroy()``. Then the handler hears `destroyed`, once, and is let go.
/// - Whoever still holds the Swift object may go on calling its methods: events to an object that is gone aren't sent.
/// - A request whose handler throws ends the client; see ``ProtocolError``.
/// - Resources belong to the thread that runs the display's event loop.
open class Resource {
    /// libwayland's `wl_resource`; nil once the object is gone.
    public private(set) final var handle: ObjectHandle?
    /// Whose object it is.
    public final let client: Client
    /// The version that the client bound, for itself or for the object that this one came from.
    public final let version: UInt32
    /// The object's number on the wire, for messages and logs.
    public final let id: UInt32

    /// What libwayland knows of the interface. Subclasses say which.
    open class var interface: Interface { preconditionFailure("a subclass for each interface is generated") }

    /// Makes the object numbered `id` of `client`; 0 lets the server choose, for objects that travel in events.
    ///
    /// Fails with `wl_display.no_memory` where libwayland can't get the memory, or the client took the number twice.
    public required init(client: Client, version: UInt32, id: UInt32) throws(ProtocolError) {
        let interface = Self.interface
        let handle = client.handle.flatMap { handle in
            unsafe ObjectHandle(wl_resource_create(handle.pointer, interface.pointer, Int32(version), id))
        }
        self.handle = handle
        self.client = client
        self.version = version
        guard let handle else {
            self.id = id
            throw .noMemory("there is no memory for \(interface.name)@\(id)")
        }
        self.id = unsafe wl_resource_get_id(handle.pointer)
        // The wl_resource keeps this object alive until it is destroyed itself.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe wl_resource_set_dispatcher(handle.pointer, dispatchRequest, context, context, resourceWasDestroyed)
    }

    /// Whether the object is still there.
    public final var isAlive: Bool { handle != nil }

    /// Ends the object from the server's side, or after its destructor. Does nothing where it is gone already.
    public final func destroy() {
        if let handle { unsafe wl_resource_destroy(handle.pointer) }
    }

    /// Decodes a request; generated.
    open func receive(_ opcode: UInt32, _ arguments: IncomingArguments) throws(ProtocolError) {}

    /// Is called once, when the object is gone; generated code tells the handler.
    open func didDestroy() {}

    /// Sends the event `opcode`, which interface version `since` introduced, if the client knows it. For generated
    /// code.
    public final func send(_ opcode: UInt32, since: UInt32, _ build: (inout OutgoingMessage) -> Void) {
        guard let handle, version >= since else { return }
        _ = unsafe OutgoingMessage.compose(build) { arguments in
            unsafe wl_resource_post_event_array(handle.pointer, opcode, arguments)
            return nil
        }
    }

    /// The object that a request names; libwayland has checked its interface. For generated code.
    public final func object<Object: Resource>(
        _ handle: ObjectHandle?,
        as type: Object.Type
    ) throws(ProtocolError) -> Object {
        guard let object = optionalObject(handle, as: type) else {
            throw .invalidObject(
                "a request of \(Self.interface.name)@\(id) needs a \(type.interface.name), and has none"
            )
        }
        return object
    }

    /// As ``object(_:as:)``, where null is allowed.
    public final func optionalObject<Object: Resource>(_ handle: ObjectHandle?, as type: Object.Type) -> Object? {
        guard let handle, let context = unsafe wl_resource_get_user_data(handle.pointer) else { return nil }
        return unsafe Unmanaged<Resource>.fromOpaque(context).takeUnretainedValue() as? Object
    }

    /// Ends the client with `error`, as a handler's throw does.
    public final func post(_ error: ProtocolError) {
        let target: ObjectHandle? =
            switch error.target {
            case .receiver: handle
            case .object(let id): client.object(id)
            case .display: nil
            }
        guard let target = target ?? client.displayResource else { return }
        client.note(error)
        unsafe signet_resource_post_error(target.pointer, error.code, error.message)
    }

    fileprivate final func markDestroyed() {
        handle = nil
        didDestroy()
    }
}

private let dispatchRequest: wl_dispatcher_func_t = { context, _, opcode, _, arguments in
    guard let context = unsafe context, let arguments = unsafe arguments else { return 0 }
    // A strong reference: the request may destroy its own object.
    let resource = unsafe Unmanaged<Resource>.fromOpaque(context).takeUnretainedValue()
    do throws(ProtocolError) {
        try unsafe resource.receive(opcode, IncomingArguments(arguments, from: resource.client.credentials.user))
    } catch {
        resource.post(error)
    }
    return 0
}

private func resourceWasDestroyed(_ handle: OpaquePointer?) {
    guard let context = unsafe wl_resource_get_user_data(handle) else { return }
    unsafe Unmanaged<Resource>.fromOpaque(context).takeRetainedValue().markDestroyed()
}
