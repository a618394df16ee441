internal import SharedMemory
internal import WaylandServer

/// What one client holds, against what it may hold.
///
/// Every object that costs something takes it from here when it is made, and gives it back when it goes; see
/// ``Charge``. Running out is `wl_display.no_memory` for that client alone.
public final class ClientAccount {
    /// The things that are counted.
    public enum Resource: Int, CaseIterable, Sendable {
        case descriptors, copiedBytes, mappedBytes, surfaces, buffers
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
    /// Where its dma-bufs are waited for; made for the first of them.
    var lane: DmabufLane?
    private let limits: [Int]
    private var used = [Int](repeating: 0, count: Resource.allCases.count)

    init(limits: Limits) {
        self.limits = [
            limits.descriptors, limits.copiedBytes, limits.mappedBytes, limits.surfaces, limits.buffers,
        ]
    }

    /// How much of `resource` the client holds.
    public func usage(of resource: Resource) -> Int { used[resource.rawValue] }

    /// Takes `amount` of `resource` until the returned charge is let go.
    func charge(_ amount: Int = 1, of resource: Resource) throws(ProtocolError) -> Charge {
        let (total, overflow) = used[resource.rawValue].addingReportingOverflow(amount)
        guard !overflow, total <= limits[resource.rawValue] else {
            throw .noMemory(
                "this needs \(amount) more \(resource), and \(used[resource.rawValue]) of the client's "
                    + "\(limits[resource.rawValue]) are in use; destroy what isn't needed any more"
            )
        }
        used[resource.rawValue] = total
        return Charge(account: self, resource: resource, amount: amount)
    }

    fileprivate func giveBack(_ amount: Int, of resource: Resource) {
        used[resource.rawValue] -= amount
    }
}

/// Something taken from a client's account, given back when this value ends.
struct Charge: ~Copyable {
    private let account: ClientAccount
    private let resource: ClientAccount.Resource
    private let amount: Int

    fileprivate init(account: ClientAccount, resource: ClientAccount.Resource, amount: Int) {
        self.account = account
        self.resource = resource
        self.amount = amount
    }

    deinit {
        account.giveBack(amount, of: resource)
    }
}

extension Client {
    /// The client's account, which the compositor opened when it connected.
    var account: ClientAccount {
        guard let account = context as? ClientAccount else { preconditionFailure("a client without an account") }
        return account
    }
}
