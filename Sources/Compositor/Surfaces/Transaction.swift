internal import WaylandServer

/// Commits of one surface or of several that take effect together, as soon as all they bring can be drawn.
///
/// A surface's commits take effect in their order: a transaction waits for those before it on each of its surfaces.
/// Meanwhile the surfaces show what they showed.
final class Transaction {
    /// Parents before their children; nil where a surface is gone.
    private var commits: [(surface: Surface, commit: SurfaceCommit)?]
    /// Where each surface's commit is, while the transaction stands in the surfaces' queues.
    private var places: [ObjectIdentifier: Int] = [:]
    private var isQueued = false
    /// For its commits, while it waits.
    private var charge: Charge?

    init(_ commits: [(surface: Surface, commit: SurfaceCommit)]) {
        self.commits = commits
    }

    /// Takes effect at once if it can, and otherwise when it can; until then `account` pays.
    func submit(_ account: ClientAccount) throws(ProtocolError) {
        if isReady { return proceed() }
        charge = try account.charge(commits.count, of: .commits)
        isQueued = true
        for (place, entry) in commits.enumerated() {
            guard let (surface, commit) = entry else { continue }
            places[ObjectIdentifier(surface)] = place
            surface.enqueue(self)
            commit.state.content?.whenReady { [weak self] in
                if let self, isQueued, isReady { proceed() }
            }
        }
    }

    private var isReady: Bool {
        commits.allSatisfy { entry in
            guard let (surface, commit) = entry else { return true }
            return surface.transactions.first.map { $0 === self } ?? true && commit.state.content?.isReady ?? true
        }
    }

    /// Takes effect, and so do those that waited for nothing else, one after the other.
    private func proceed() {
        var ready = [self]
        while let transaction = ready.popLast() {
            for next in transaction.apply() where next.isQueued && next.isReady { ready.append(next) }
        }
    }

    /// Takes effect. Returns those that stand first in its surfaces' queues then.
    private func apply() -> [Transaction] {
        let entries = commits.compactMap { $0 }
        commits = []
        places = [:]
        if isQueued { for (surface, _) in entries { surface.dequeue(self) } }
        isQueued = false
        charge = nil
        // All states change before anybody looks at them.
        let changes = entries.map { surface, commit in surface.apply(commit) }
        for ((surface, _), change) in zip(entries, changes).reversed() { surface.didApply(change) }
        var next: [Transaction] = []
        for (surface, _) in entries {
            guard let first = surface.transactions.first, !next.contains(where: { $0 === first }) else { continue }
            next.append(first)
        }
        return next
    }

    /// The commit of one of its surfaces.
    func commit(of surface: Surface) -> SurfaceCommit? {
        places[ObjectIdentifier(surface)].flatMap { commits[$0]?.commit }
    }

    /// Changes the commit of one of its surfaces.
    func changeCommit(of surface: Surface, _ change: (inout SurfaceCommit) -> Void) {
        guard let place = places[ObjectIdentifier(surface)] else { return }
        if commits[place] != nil { change(&commits[place]!.commit) }
    }

    /// Goes on without a surface that is gone.
    func remove(_ surface: Surface) {
        guard let place = places.removeValue(forKey: ObjectIdentifier(surface)) else { return }
        commits[place] = nil
        if isQueued, isReady { proceed() }
    }
}
