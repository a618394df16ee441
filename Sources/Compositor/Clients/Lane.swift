internal import SharedMemory
internal import Synchronization
internal import WaylandServer

/// Where one client's descriptors are asked what may take long, its pixels are read and its fences are waited for: in
/// their order, on ``LaneThreads``, and in nobody else's way.
///
/// What is done there is told in the event loop, in the same order.
final class Lane {
    /// Tells what is done on a lane whether anybody is still interested.
    final class Cancellation: Sendable {
        private let wasRequested = Atomic(false)

        fileprivate init() {}

        fileprivate func request() { wasRequested.store(true, ordering: .relaxed) }

        /// Whether the client is gone, so that the rest can be left.
        var isCancelled: Bool { wasRequested.load(ordering: .relaxed) }
    }

    private let loop: EventLoop
    private let number = LaneThreads.shared.makeLane()
    private let owner: Client.Credentials
    private var place: UInt64 = 0
    private let cancellation = Cancellation()

    /// A lane for one of a process's clients.
    init(of owner: Client.Credentials, loop: EventLoop) {
        self.owner = owner
        self.loop = loop
    }

    private var turnOwner: LaneThreads.Owner {
        LaneThreads.Owner(process: owner.processIdentity, user: owner.user)
    }

    deinit {
        cancellation.request()
        // Nobody knows of a lane on which nothing was ever done.
        if place == 0 { return }
        let last = LaneThreads.Job(lane: number, place: place, owner: turnOwner, isLast: true) { true }
        LaneThreads.shared.hand(over: last)
    }

    /// The client is gone: nobody waits for what is still to be done.
    func end() { cancellation.request() }

    var hasEnded: Bool { cancellation.isCancelled }

    /// Waits for another thread; see ``EventLoop/expect(of:_:)``.
    func expect(_ action: @escaping () -> Void) -> EventLoop.Reply {
        loop.expect(of: owner.processIdentity, action)
    }

    /// Runs `work` on another thread, after what was handed over before, and then `action` in the event loop.
    func add<Result: Sendable>(
        _ work: @escaping @Sendable (Lane.Cancellation) -> Result,
        then action: @escaping (Result) -> Void
    ) {
        addParts({ work($0) }, then: action)
    }

    /// The same in parts, with others' turns between them: `work` is called until there is a result.
    func addParts<Result: Sendable>(
        _ work: @escaping @Sendable (Lane.Cancellation) -> Result?,
        then action: @escaping (Result) -> Void
    ) {
        let done = loop.expectValue(of: owner.processIdentity, action)
        let cancellation = cancellation
        let job = LaneThreads.Job(lane: number, place: place, owner: turnOwner) {
            guard let result = work(cancellation) else { return false }
            done(result)
            return true
        }
        place += 1
        LaneThreads.shared.hand(over: job)
    }
}
