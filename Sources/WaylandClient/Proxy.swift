internal import CWaylandClient

/// One protocol object: the client's end of it.
///
/// Each interface's generated subclass adds a method for each request and a closure for each event.
///
/// - The connection holds every proxy until its destructor request, its destroying event, ``destroyLocally()`` or the
///   connection's end; nobody else needs to hold one in order to get its events.
/// - Requests of a proxy that is gone aren't sent, and the objects they would make are gone from the start.
/// - A proxy may be destroyed inside of its own event.
open class Proxy {
    /// libwayland's `wl_proxy`; nil once the object is gone.
    public private(set) final var handle: ObjectHandle?
    /// The connection's objects, of which this is one.
    public final let objects: ObjectMap

    /// What libwayland knows of the interface. Subclasses say which.
    open class var interface: Interface { preconditionFailure("a subclass for each interface is generated") }

    /// Takes over an object that libwayland made, or stands for one that it couldn't make.
    public required init(adopting handle: ObjectHandle?, from objects: ObjectMap) {
        self.handle = handle
        self.objects = objects
        guard let handle else { return }
        objects[handle] = self
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe wl_proxy_add_dispatcher(handle.pointer, dispatchEvent, context, context)
    }

    /// Takes over an object that came with an event of `parent`. For generated code.
    public convenience init(adopting handle: ObjectHandle?, from parent: Proxy) {
        self.init(adopting: handle, from: parent.objects)
    }

    /// Whether the object is still there.
    public final var isAlive: Bool { handle != nil }

    /// The object's number on the wire; 0 once it is gone.
    public final var id: UInt32 { handle.map { unsafe wl_proxy_get_id($0.pointer) } ?? 0 }

    /// The version that was bound, for itself or for the object that this one came from; 0 once it is gone.
    public final var version: UInt32 { handle.map { unsafe wl_proxy_get_version($0.pointer) } ?? 0 }

    /// Sends this object's events, and those of objects made from it, to `queue`; nil is the connection's main queue.
    public final func setQueue(_ queue: EventQueue?) {
        if let handle { unsafe wl_proxy_set_queue(handle.pointer, queue?.handle.pointer) }
    }

    /// Forgets the object without telling the server, for interfaces without a destructor.
    public final func destroyLocally() {
        guard let handle else { return }
        unsafe wl_proxy_destroy(handle.pointer)
        markDestroyed()
    }

    /// Decodes an event; generated.
    open func receive(_ opcode: UInt32, _ arguments: IncomingArguments) {}

    /// Is called once, when the object is gone.
    open func didDestroy() {}

    /// Sends a request. For generated code.
    public final func request(
        _ opcode: UInt32,
        since: UInt32,
        destroys: Bool = false,
        _ build: (inout OutgoingMessage) -> Void
    ) {
        guard let handle else { return }
        check(since)
        _ = unsafe OutgoingMessage.compose(build) { arguments in
            unsafe wl_proxy_marshal_array_flags(
                handle.pointer,
                opcode,
                nil,
                wl_proxy_get_version(handle.pointer),
                destroys ? UInt32(WL_MARSHAL_FLAG_DESTROY) : 0,
                arguments
            )
        }
        if destroys { markDestroyed() }
    }

    /// Sends a request that makes an object. For generated code.
    public final func create<New: Proxy>(
        _ opcode: UInt32,
        since: UInt32,
        _ type: New.Type,
        version: UInt32? = nil,
        destroys: Bool = false,
        _ build: (inout OutgoingMessage) -> Void
    ) -> New {
        guard let handle else { return New(adopting: nil, from: objects) }
        check(since)
        let new = unsafe OutgoingMessage.compose(build) { arguments in
            unsafe wl_proxy_marshal_array_flags(
                handle.pointer,
                opcode,
                New.interface.pointer,
                version ?? wl_proxy_get_version(handle.pointer),
                destroys ? UInt32(WL_MARSHAL_FLAG_DESTROY) : 0,
                arguments
            )
        }
        if destroys { markDestroyed() }
        return New(adopting: new, from: objects)
    }

    /// The object that an event names; nil where it is gone. For generated code.
    public final func object<Object: Proxy>(_ handle: ObjectHandle?, as type: Object.Type) -> Object? {
        handle.flatMap { objects[$0] as? Object }
    }

    private func check(_ since: UInt32) {
        precondition(
            version >= since,
            "this request needs version \(since) of \(Self.interface.name), and version \(version) is bound"
        )
    }

    final func markDestroyed() {
        guard let handle else { return }
        self.handle = nil
        objects[handle] = nil
        didDestroy()
    }
}

private let dispatchEvent: wl_dispatcher_func_t = { context, _, opcode, _, arguments in
    guard let context = unsafe context, let arguments = unsafe arguments else { return 0 }
    // A strong reference: the event may destroy its own object.
    let proxy = unsafe Unmanaged<Proxy>.fromOpaque(context).takeUnretainedValue()
    unsafe proxy.receive(opcode, IncomingArguments(arguments))
    return 0
}
