internal import SharedMemory
internal import WaylandServer

/// What all clients hold, counted by client, by process, by user, and altogether.
///
/// Whoever makes something for a client that costs memory, a descriptor or a mapping takes it from the client's
/// ``ClientAccount``, which asks here. So many connections of a process get no more than one, many processes of a user
/// have a bound, and of everything a part is kept for processes that have next to nothing: the next newcomer can always
/// have a window. The bounds are in ``Limits``.
final class Ledger {
    let limits: Limits
    let everybody: Tally
    private var processes = Known<Int64>()
    private var users = Known<UInt32>()

    /// Tallies, as long as somebody has them.
    private struct Known<Key: Hashable> {
        private struct Weak {
            weak var tally: Tally?
        }

        private var tallies: [Key: Weak] = [:]
        /// Those of whom nothing is left go when there are so many: twice as many as were left the last time, so that
        /// a newcomer costs the same however many there are.
        private var limit = 64

        mutating func tally(of key: Key, _ make: () -> Tally) -> Tally {
            if let tally = tallies[key]?.tally { return tally }
            if tallies.count >= limit {
                tallies = tallies.filter { $0.value.tally != nil }
                limit = max(64, tallies.count * 2)
            }
            let new = make()
            tallies[key] = Weak(tally: new)
            return new
        }
    }

    init(limits: Limits) {
        self.limits = limits
        everybody = Tally(.all, limits)
    }

    /// A new one for a client.
    func makeTally() -> Tally { Tally(.client, limits) }

    /// That of a client's process.
    func processTally(of client: Client.Credentials) -> Tally {
        processes.tally(of: client.processIdentity) { Tally(.process, limits) }
    }

    /// That of a client's user.
    func userTally(of client: Client.Credentials) -> Tally {
        users.tally(of: client.user) { Tally(.user, limits) }
    }

    /// How much of `resource` all clients hold.
    func usage(of resource: ClientAccount.Resource) -> Int { everybody.usage(of: resource) }

    /// What a client, a process, a user or everybody holds.
    final class Tally {
        /// Whose it is.
        enum Scope {
            case client, process, user, all

            /// For messages.
            var description: String {
                switch self {
                case .client: "a client"
                case .process: "a process"
                case .user: "a user's clients"
                case .all: "all clients together"
                }
            }
        }

        let scope: Scope
        private let limits: Counts
        /// What those may have who have a lot already: the last part of what many share is for others.
        private let commonLimits: Counts
        /// For each ``ClientAccount/Resource``, by its number.
        typealias Counts = InlineArray<13, Int>
        @safe @exclusivity(unchecked) private var used = Counts(repeating: 0)

        fileprivate init(_ scope: Scope, _ limits: Limits) {
            precondition(ClientAccount.Resource.allCases.count == Counts.count)
            self.scope = scope
            let most = Counts { limits.most(ClientAccount.Resource(rawValue: $0)!, scope) }
            self.limits = most
            let isShared = scope == .user || scope == .all
            commonLimits = Counts { isShared ? most[$0] - most[$0] / 8 : most[$0] }
        }

        /// How much is held.
        func usage(of resource: ClientAccount.Resource) -> Int { used[resource.rawValue] }

        /// What there is for it.
        func limit(of resource: ClientAccount.Resource) -> Int { limits[resource.rawValue] }

        /// Whether there is room for `amount` more, which is no more than any machine has.
        @inline(__always)
        func hasRoom(for amount: Int, of resource: ClientAccount.Resource) -> Bool {
            used[resource.rawValue] &+ amount <= commonLimits[resource.rawValue]
        }

        /// The same for a process that has little so far.
        func hasLastRoom(for amount: Int, of resource: ClientAccount.Resource) -> Bool {
            used[resource.rawValue] &+ amount <= limits[resource.rawValue]
        }

        @inline(__always)
        func add(_ amount: Int, of resource: ClientAccount.Resource) { used[resource.rawValue] &+= amount }
    }
}
