/// Commits of one surface or of several that take effect together, as soon as all they bring can be drawn.
///
/// A surface's commits take effect in their order: a transaction waits for those before it on each of its surfaces.
/// Meanwhile the surfaces show what they showed.
final class Transaction {
    private var commits: [(surface: Surface, commit: SurfaceCommit)]
    /// Whether it stands in its surfaces' queues.
    private var isQueued = false

    init(_ commits: [(surface: Surface, commit: SurfaceCommit)]) {
        self.commits = commits
    }

    /// Takes effect at once if it can, and otherwise when it can.
    func submit() {
        if isReady { return apply() }
        isQueued = true
        for (surface, commit) in commits {
            surface.enqueue(self)
            commit.state.content?.whenReady { [weak self] in self?.proceed() }
        }
    }

    /// Takes effect if nothing is in the way any more.
    func proceed() {
        if isQueued, isReady { apply() }
    }

    private var isReady: Bool {
        commits.allSatisfy { surface, commit in
            (surface.transactions.first.map { $0 === self } ?? true) && commit.state.content?.isReady ?? true
        }
    }

    private func apply() {
        let surfaces = commits.map(\.surface)
        if isQueued { for surface in surfaces { surface.dequeue(self) } }
        isQueued = false
        // Parents are before their children: all states change before anybody looks at them.
        let changes = commits.map { surface, commit in surface.apply(commit) }
        commits = []
        for (surface, change) in zip(surfaces, changes).reversed() { surface.didApply(change) }
        for surface in surfaces { surface.transactions.first?.proceed() }
    }

    /// The commit of one of its surfaces.
    func commit(of surface: Surface) -> SurfaceCommit? { commits.first { $0.surface === surface }?.commit }

    /// Changes the commit of one of its surfaces.
    func changeCommit(of surface: Surface, _ change: (inout SurfaceCommit) -> Void) {
        guard let index = commits.firstIndex(where: { $0.surface === surface }) else { return }
        change(&commits[index].commit)
    }

    /// Goes on without a surface that is gone.
    func remove(_ surface: Surface) {
        commits.removeAll { $0.surface === surface }
        proceed()
    }
}
