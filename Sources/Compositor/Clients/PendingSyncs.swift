internal import WaylandServer

/// Which of a client's `wl_display.sync` wait for what is looked at on its lane: for what it had asked for before, and
/// for what follows from that, but for nothing that it asked for later.
final class PendingSyncs {
    /// Something that is looked at.
    final class Look {
        fileprivate var syncs: [Sync] = []
    }

    /// Syncs that came while the same was looked at.
    fileprivate final class Sync {
        let barrier = SyncBarrier()
        var lookCount = 0
    }

    private var looks = OrderedDictionary<ObjectIdentifier, Look>()
    /// The newest, as long as nothing was begun since it came.
    private var newest: Sync?
    /// Whose action runs.
    private var current: Look?
    private let settled: () -> Void

    init(settled: @escaping () -> Void) { self.settled = settled }

    /// Something begins to be looked at; those wait for it who wait for what it follows from.
    func begin() -> Look {
        let look = Look()
        look.syncs = current?.syncs ?? []
        for sync in look.syncs { sync.lookCount += 1 }
        looks[ObjectIdentifier(look)] = look
        newest = nil
        return look
    }

    /// It was looked at, and `action` is what follows; nil isn't waited for.
    func follow(_ look: Look?, _ action: () -> Void) {
        guard let look else { return action() }
        let outer = current
        current = look
        action()
        current = outer
        looks[ObjectIdentifier(look)] = nil
        let done = look.syncs.filter { sync in
            sync.lookCount -= 1
            return sync.lookCount == 0
        }
        if done.isEmpty { return }
        settled()
        for sync in done {
            if sync === newest { newest = nil }
            sync.barrier.lift()
        }
    }

    /// What a sync has to wait for that comes now; nil is nothing.
    func barrier() -> SyncBarrier? {
        if looks.isEmpty { return nil }
        if let newest { return newest.barrier }
        let sync = Sync()
        for look in looks.values {
            look.syncs.append(sync)
            sync.lookCount += 1
        }
        newest = sync
        return sync.barrier
    }
}
