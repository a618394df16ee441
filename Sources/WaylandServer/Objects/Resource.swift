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
    /// The object's number on the wire, for messages and logs.
    public final let id: UInt32
    /// The version that the client bound, for itself or for the object that this one came from.
    public final let version: UInt32
    /// Whose object it is.
    public final let client: Client
    /// Whether the object is still there.
    @safe @exclusivity(unchecked) public private(set) final var isAlive = false

    /// The interface's names. Subclasses say which.
    open class var interface: Interface { preconditionFailure("a subclass for each interface is generated") }

    /// Makes the object numbered `id` of `client`; 0 lets the server choose, for objects that travel in events.
    ///
    /// Fails with `wl_display.no_memory` where the client is gone, has as many objects as it may have, or took the
    /// number twice.
    public required init(client: Client, version: UInt32, id: UInt32) throws(ProtocolError) {
        self.client = client
        self.version = version
        guard id != 0 else {
            guard let chosen = client.makeServerID() else {
                self.id = 0
                throw .noMemory("all numbers for objects of the server's are used up")
            }
            self.id = chosen
            try client.insert(self)
            isAlive = true
            return
        }
        self.id = id
        try client.insert(self)
        isAlive = true
    }

    /// Ends the object from the server's side, or after its destructor. Does nothing where it is gone already.
    public final func destroy() {
        guard isAlive else { return }
        isAlive = false
        didDestroy()
        client.remove(self)
    }

    /// Decodes a request and hands it on; generated. The errors are those of the handler, ``noSuchRequest(_:)``,
    /// ``tooOld(for:since:)`` and those of the reader.
    open func receive(_ opcode: UInt32, _ message: inout MessageReader) throws(ProtocolError) {
        throw noSuchRequest(opcode)
    }

    /// Is called once, when the object is gone; generated code tells the handler.
    open func didDestroy() {}

    /// Sends the event `opcode`, which interface version `since` introduced, if the client knows it. For generated
    /// code.
    public final func send(_ opcode: UInt32, since: UInt32, _ build: (inout MessageWriter) -> Void) {
        guard isAlive, version >= since else { return }
        client.send(opcode, from: self, build)
    }

    /// Ends the client with `error`, as a handler's throw does; once the current request is done with, if there is one.
    public final func post(_ error: ProtocolError) {
        client.fail(error, receiver: self)
    }

    /// For generated code: there is no request with this opcode.
    @inline(never)
    public final func noSuchRequest(_ opcode: UInt32) -> ProtocolError {
        .invalidMethod("invalid method \(opcode), object \(Self.interface.name)@\(id)")
    }

    /// For generated code: the request came with a version that the client didn't bind.
    @inline(never)
    public final func tooOld(for opcode: UInt32, since: UInt32) -> ProtocolError {
        .invalidMethod(
            "invalid method \(opcode) (since \(version) < \(since)), object \(Self.interface.name)@\(id)"
        )
    }
}
