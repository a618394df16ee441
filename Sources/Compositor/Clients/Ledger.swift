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
    fileprivate let everybody: Tally
    private var processes: [Int64: Weak] = [:]
    private var users: [UInt32: Weak] = [:]

    private struct Weak {
        weak var tally: Tally?
    }

    init(limits: Limits) {
        self.limits = limits
        everybody = Tally(.all, limits)
    }

    /// The tallies that count what a client holds, from its own to everybody's.
    func tallies(of client: Client.Credentials) -> [Tally] {
        [
            Tally(.client, limits),
            Self.tally(client.processIdentity, in: &processes) { Tally(.process, limits) },
            Self.tally(client.user, in: &users) { Tally(.user, limits) },
            everybody,
        ]
    }

    private static func tally<Key>(_ key: Key, in known: inout [Key: Weak], _ make: () -> Tally) -> Tally {
        if let tally = known[key]?.tally { return tally }
        // Those of whom nothing is left go when there are new ones.
        known = known.filter { $0.value.tally != nil }
        let new = make()
        known[key] = Weak(tally: new)
        return new
    }

    /// How much of `resource` all clients hold.
    func usage(of resource: ClientAccount.Resource) -> Int { everybody.used[resource.rawValue] }

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
        private let limits: [Int]
        fileprivate(set) var used = [Int](repeating: 0, count: ClientAccount.Resource.allCases.count)

        fileprivate init(_ scope: Scope, _ limits: Limits) {
            self.scope = scope
            self.limits = ClientAccount.Resource.allCases.map { limits.most($0, scope) }
        }

        /// What there is for it.
        func limit(of resource: ClientAccount.Resource) -> Int { limits[resource.rawValue] }

        /// Whether there is room for `amount` more. The last part of what many share is for those who have little.
        func hasRoom(for amount: Int, of resource: ClientAccount.Resource, hasLittle: Bool) -> Bool {
            let (total, overflow) = used[resource.rawValue].addingReportingOverflow(amount)
            let limit = limits[resource.rawValue]
            let isShared = scope == .user || scope == .all
            return !overflow && total <= (isShared && !hasLittle ? limit - limit / 8 : limit)
        }

        func add(_ amount: Int, of resource: ClientAccount.Resource) { used[resource.rawValue] += amount }
    }
}
