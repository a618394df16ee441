internal import WaylandServer

/// Commits of one surface or of several that take effect together, once nothing stands in their way any more.
///
/// Barriers do: a commit's content that can't be drawn yet, and on each of the surfaces the transactions before this
/// one, as a surface's commits take effect in their order. Meanwhile the surfaces show what they showed. Barriers are
/// counted, so that one that falls costs no look at the others.
final class Transaction {
    private struct Entry {
        let surface: Surface
        var commit: SurfaceCommit
        /// Whether its content can't be drawn yet.
        var awaitsContent = false
        /// Whether the surface has another transaction before this one.
        var awaitsTurn = false

        var barrierCount: Int { (awaitsContent ? 1 : 0) + (awaitsTurn ? 1 : 0) }
    }

    /// Parents before their children; nil where a surface is gone.
    private var entries: [Entry?]
    /// Where each surface's entry is, while the transaction stands in the surfaces' queues.
    private var places: [ObjectIdentifier: Int] = [:]
    private var isQueued = false
    /// How many barriers there are.
    private var barrierCount = 0
    /// For its commits, while it waits.
    private var charge: Charge?

    init(_ commits: [(surface: Surface, commit: SurfaceCommit)]) {
        entries = commits.map { surface, commit in
            Entry(
                surface: surface,
                commit: commit,
                awaitsContent: commit.state.content?.isReady == false,
                awaitsTurn: !surface.transactions.isEmpty
            )
        }
        barrierCount = entries.reduce(0) { $0 + $1!.barrierCount }
    }

    /// Takes effect at once if it can, and otherwise when it can; until then `account` pays.
    func submit(_ account: ClientAccount) throws(ProtocolError) {
        if barrierCount == 0 { return proceed() }
        charge = try account.charge(entries.count, of: .commits)
        isQueued = true
        for (place, entry) in entries.enumerated() {
            guard let entry else { continue }
            places[ObjectIdentifier(entry.surface)] = place
            entry.surface.enqueue(self)
            entry.commit.state.content?.whenReady { [weak self] in self?.lift(\.awaitsContent, at: place) }
        }
    }

    /// A barrier falls; the transaction takes effect if it was the last.
    private func lift(_ barrier: WritableKeyPath<Entry, Bool>, at place: Int) {
        if fall(barrier, at: place), isQueued { proceed() }
    }

    /// A barrier falls. Whether it was the last.
    private func fall(_ barrier: WritableKeyPath<Entry, Bool>, at place: Int) -> Bool {
        guard entries.indices.contains(place), entries[place]?[keyPath: barrier] == true else { return false }
        entries[place]![keyPath: barrier] = false
        barrierCount -= 1
        return barrierCount == 0
    }

    /// Takes effect, and so do those that waited for nothing else, one after the other.
    private func proceed() {
        var ready = [self]
        while let transaction = ready.popLast() { ready += transaction.apply() }
    }

    /// Takes effect. Returns those that waited for nothing else.
    private func apply() -> [Transaction] {
        let entries = entries.compactMap { $0 }
        self.entries = []
        places = [:]
        if isQueued { for entry in entries { entry.surface.dequeue(self) } }
        isQueued = false
        charge = nil
        // All states change before anybody looks at them.
        let changes = entries.map { $0.surface.apply($0.commit) }
        for (entry, change) in zip(entries, changes).reversed() { entry.surface.didApply(change) }
        return entries.compactMap { entry in
            guard let next = entry.surface.transactions.first, let place = next.place(of: entry.surface) else {
                return nil
            }
            return next.fall(\.awaitsTurn, at: place) ? next : nil
        }
    }

    private func place(of surface: Surface) -> Int? { places[ObjectIdentifier(surface)] }

    /// The commit of one of its surfaces.
    func commit(of surface: Surface) -> SurfaceCommit? { place(of: surface).flatMap { entries[$0]?.commit } }

    /// Changes the commit of one of its surfaces.
    func changeCommit(of surface: Surface, _ change: (inout SurfaceCommit) -> Void) {
        guard let place = place(of: surface), entries[place] != nil else { return }
        change(&entries[place]!.commit)
    }

    /// Goes on without a surface that is gone.
    func remove(_ surface: Surface) {
        guard let place = places.removeValue(forKey: ObjectIdentifier(surface)) else { return }
        barrierCount -= entries[place]?.barrierCount ?? 0
        entries[place] = nil
        if isQueued, barrierCount == 0 { proceed() }
    }
}
