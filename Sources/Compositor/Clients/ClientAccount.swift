internal import SharedMemory
public import WaylandServer

/// What one client holds, against what it may hold.
///
/// Everything that costs something takes it from here when it is made, and gives it back when it goes; see ``Charge``.
/// The client's process, its user and everybody have bounds as well; see ``Ledger``. Running out is
/// `wl_display.no_memory` for that client alone.
public final class ClientAccount: ObjectLedger {
    /// The things that are counted.
    public enum Resource: Int, CaseIterable, Sendable {
        /// Protocol objects of any kind, and the memory that they take.
        case objects
        case descriptors
        /// Of a client's memory, or of copies of it.
        case mappings
        case mappedBytes, copiedBytes
        case surfaces, buffers
        /// Rectangles of wl_region objects, and of regions that surfaces have.
        case rectangles
        /// Commits that wait for content.
        case commits
        /// Pools and buffers that are being looked at, read, or waited for on lanes, also of clients that are gone.
        case lookups
        /// Bytes of titles and the like.
        case textBytes
        /// Bytes of pictures that the compositor makes for a client, as title bars.
        case drawnBytes
        /// Frames of outputs in a reader's hands.
        case frames
    }

    /// How buffers' memory came, counted over the client's life.
    public struct Arrivals: Equatable, Sendable {
        /// Pools that arrived sealed and were mapped.
        public var sealed = 0
        /// Pools that were sealed on arrival and mapped.
        public var sealedOnArrival = 0
        /// Pools that are read, never mapped.
        public var copied = 0
        /// Buffers made of dma-bufs.
        public var dmabufs = 0
        /// Those of them that the compositor's DRM device takes too.
        public var imported = 0
        /// Pools and dma-bufs that were refused.
        public var refused = 0
    }

    /// How its buffers came so far.
    public internal(set) var arrivals = Arrivals()
    /// Commits that brought a buffer, so far.
    public internal(set) var frames = 0
    /// Whether its memory may be drawn from where it is.
    let memoryTrust = MemoryTrust()
    /// Stands for all connections of its process.
    var sharedAmongProcess: AnyObject { ofProcess }
    /// Its surfaces and buffers.
    @safe @exclusivity(unchecked) var roster = Roster()
    /// What its process called itself when it connected.
    var processName = ""
    /// Where it is told what becomes of its buffers, if anywhere.
    var trace: FrameTrace?
    /// Where its memory is looked at and waited for.
    let lane: Lane
    /// Is there as long as the lane hasn't ended.
    private unowned let client: Client
    private let ledger: Ledger
    private let own: Ledger.Tally
    private let ofProcess: Ledger.Tally
    private let ofUser: Ledger.Tally
    private let ofAll: Ledger.Tally

    /// `settled` is called before a sync is answered that had to wait.
    init(of client: Client, ledger: Ledger, lane: Lane, settled: @escaping () -> Void) {
        syncs = PendingSyncs(settled: settled)
        self.client = client
        self.lane = lane
        process = client.credentials.process
        self.ledger = ledger
        own = ledger.makeTally()
        ofProcess = ledger.processTally(of: client.credentials)
        ofUser = ledger.userTally(of: client.credentials)
        ofAll = ledger.everybody
    }

    /// What clients may hold.
    var limits: Limits {
        @inline(__always) _read { yield ledger.limits }
    }

    /// Whether the client is still there.
    var isOpen: Bool { !lane.hasEnded }

    /// Ends the client with what came to light after its request; nothing where it is gone.
    func end(with error: ProtocolError) {
        if isOpen { client.end(with: error) }
    }

    /// The process that connected; 0 where it is in another pid namespace.
    let process: Int32

    /// How much of `resource` the client holds.
    public func usage(of resource: Resource) -> Int { own.usage(of: resource) }

    // MARK: Charging

    /// Takes `amount` of `resource` until the returned charge is let go.
    func charge(_ amount: Int = 1, of resource: Resource) throws(ProtocolError) -> Charge {
        try take(amount, of: resource)
        return Charge(account: self, resource: resource, amount: amount)
    }

    /// Makes `charge` one of `amount`; throws, and leaves it, where there isn't room for more.
    func change(_ charge: inout Charge?, to amount: Int, of resource: Resource) throws(ProtocolError) {
        if charge != nil { return try charge!.change(to: amount) }
        charge = try self.charge(amount, of: resource)
    }

    @inline(__always)
    fileprivate func take(_ amount: Int, of resource: Resource) throws(ProtocolError) {
        let hasRoom =
            amount <= Self.mostAtOnce && own.hasRoom(for: amount, of: resource)
            && ofProcess.hasRoom(for: amount, of: resource) && ofUser.hasRoom(for: amount, of: resource)
            && ofAll.hasRoom(for: amount, of: resource)
        if !hasRoom { try lookCloser(amount, of: resource) }
        add(amount, of: resource)
    }

    /// More than any machine has.
    private static let mostAtOnce = 1 << 48

    /// Whether it is merely the last part of something that many share, and the process has little.
    @inline(never)
    private func lookCloser(_ amount: Int, of resource: Resource) throws(ProtocolError) {
        let tallies = [own, ofProcess, ofUser, ofAll]
        let isPossible = amount <= Self.mostAtOnce
        let hasLittle =
            isPossible && ofProcess.usage(of: resource) + amount <= ofProcess.limit(of: resource) / Limits.littleShare
        let obstacle = tallies.first { tally in
            guard isPossible else { return true }
            return hasLittle
                ? !tally.hasLastRoom(for: amount, of: resource) : !tally.hasRoom(for: amount, of: resource)
        }
        guard let obstacle else { return }
        throw .noMemory(
            "this needs \(amount) more \(resource), and \(obstacle.usage(of: resource)) of the "
                + "\(obstacle.limit(of: resource)) that \(obstacle.scope.description) may have are in use; destroy "
                + "what isn't needed any more"
        )
    }

    @inline(__always)
    fileprivate func giveBack(_ amount: Int, of resource: Resource) { add(-amount, of: resource) }

    @inline(__always)
    private func add(_ amount: Int, of resource: Resource) {
        own.add(amount, of: resource)
        ofProcess.add(amount, of: resource)
        ofUser.add(amount, of: resource)
        ofAll.add(amount, of: resource)
    }

    // MARK: Lane

    /// Has something looked at on the client's lane; `work` is called there until there is a result, and `action` with
    /// that in the event loop. The client isn't told meanwhile that all it asked for is done, if that is `awaited`.
    func look<Result: Sendable>(
        awaited isAwaited: Bool = true,
        _ work: @escaping @Sendable (Lane.Cancellation) -> Result?,
        then action: @escaping (Result) -> Void
    ) throws(ProtocolError) {
        let charge = SharedCharge(try charge(of: .lookups))
        let look = isAwaited ? syncs.begin() : nil
        lane.addParts(work) { [syncs] result in
            syncs.follow(look) { action(result) }
            // Until it is done, whoever is still interested.
            withExtendedLifetime(charge) {}
        }
    }

    /// What its `wl_display.sync` waits for.
    private let syncs: PendingSyncs

    /// What a `wl_display.sync` has to wait for that comes now; nil is nothing.
    func syncBarrier() -> SyncBarrier? { syncs.barrier() }

    // MARK: Objects

    /// Counts protocol objects, of every interface that there is: the runtime makes them.
    public func takeObjects(_ count: Int) throws(ProtocolError) { try take(count, of: .objects) }

    /// Some are gone.
    public func giveBackObjects(_ count: Int) { giveBack(count, of: .objects) }
}

/// Something taken from a client's account, given back when this value ends.
struct Charge: ~Copyable {
    private let account: ClientAccount
    private let resource: ClientAccount.Resource
    private(set) var amount: Int

    fileprivate init(account: ClientAccount, resource: ClientAccount.Resource, amount: Int) {
        self.account = account
        self.resource = resource
        self.amount = amount
    }

    /// Changes how much is taken; throws, and leaves it, where there isn't room for more.
    fileprivate mutating func change(to new: Int) throws(ProtocolError) {
        if new > amount { try account.take(new - amount, of: resource) }
        if new < amount { account.giveBack(amount - new, of: resource) }
        amount = new
    }

    deinit {
        account.giveBack(amount, of: resource)
    }
}

/// A charge that several keep.
final class SharedCharge {
    private let charge: Charge

    init(_ charge: consuming Charge) { self.charge = charge }
}

extension Client {
    /// The client's account, which the compositor opened when it connected.
    var account: ClientAccount {
        guard let account = context as? ClientAccount else { preconditionFailure("a client without an account") }
        return account
    }

    /// Whether it may be told of what others do: they can do that again and again, and must not fill up a client that
    /// reads slowly.
    var hearsOfOthers: Bool { unsentByteCount < account.limits.unreadByOthers }
}
