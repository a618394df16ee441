internal import Pixels
internal import WaylandServer

/// What a `wl_buffer` stands for: pixels that surfaces can show.
///
/// There is a subclass for each way in which pixels arrive. Committing a buffer turns it into a ``SurfaceContent``:
/// either a view of the client's memory, during which the buffer is locked, or a copy, which needs it no longer. The
/// client hears `release` when the last lock goes.
class ClientBuffer: WlBuffer.Requests {
    /// In buffer pixels.
    final let size: Size
    private final weak var resource: WlBuffer?
    /// Whom its contents are charged to.
    final let account: ClientAccount
    private final var locks = 0
    private final let charge: Charge
    /// Its number among the surfaces and buffers of its client.
    private(set) final var number: UInt64 = 0

    init(resource: WlBuffer, size: Size) throws(ProtocolError) {
        account = resource.client.account
        charge = try account.charge(of: .buffers)
        self.resource = resource
        self.size = size
        number = account.roster.add(self)
    }

    deinit { account.roster.remove(number) }

    /// What is known of it.
    var facts: BufferFacts { preconditionFailure("each kind of buffer has its own") }

    /// The object that errors about this buffer belong to; nil once the client destroyed it.
    final var errorTarget: WlBuffer? { resource }

    /// Whether the client destroyed the wl_buffer. Contents that were made of it before stay.
    final var isDestroyed: Bool { resource?.isAlive != true }

    /// Whether a surface shows its pixels, or somebody still draws them.
    final var isLocked: Bool { locks > 0 }

    /// The content that a surface shows from now on. `damage` is in buffer pixels, and says what changed since
    /// `previous`.
    func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        preconditionFailure("each kind of buffer has its own")
    }

    /// Where a capture can write its pixels; nil where it can't.
    var copyTarget: FrameCopy.Target? { nil }

    /// Whether it is known what its memory is.
    var isKnown: Bool { true }

    /// Has `action` called once that is known; for one `waiter` once, until it stops waiting.
    func whenKnown(_ waiter: AnyObject, _ action: @escaping () -> Void) throws(ProtocolError) { action() }

    func stopWaiting(_ waiter: AnyObject) {}

    /// Keeps the client from touching the pixels until the lock ends.
    final func lock() -> BufferLock {
        locks += 1
        if locks == 1 { trace(isHeld: true) }
        return BufferLock(self)
    }

    fileprivate final func unlock() {
        locks -= 1
        guard locks == 0 else { return }
        trace(isHeld: false)
        resource?.sendRelease()
    }

    private final func trace(isHeld: Bool) {
        account.trace?.buffer(self, of: account.process, isHeld: isHeld, at: EventLoop.now)
    }

    /// Tells the client that its pixels aren't needed, where nothing ever locked them.
    final func releaseUnlocked() {
        if locks == 0 { resource?.sendRelease() }
    }
}

/// One reason not to release a buffer.
struct BufferLock: ~Copyable {
    private let buffer: ClientBuffer

    fileprivate init(_ buffer: ClientBuffer) {
        self.buffer = buffer
    }

    deinit {
        buffer.unlock()
    }
}
