internal import WaylandServer

/// Has inspections go on, a few things in a turn for all of them together, one after the other.
///
/// Who doesn't read what it was sent is told the rest later, and keeps nobody waiting (R6).
final class InspectionQueue {
    private var timer: EventLoop.Timer!
    /// Those that aren't done; the one that went on longest ago is first.
    private var all = OrderedDictionary<ObjectIdentifier, Inspection>()
    private var counts: [ObjectIdentifier: Int] = [:]
    /// When the next turn is; nil while there is nothing to be told.
    private var dueTime: UInt64?

    /// Clients, surfaces and buffers that are told of in a turn.
    private static let perTurn = 128
    /// Between two turns, in nanoseconds: clients' requests have theirs.
    private static let pause: UInt64 = 500_000
    /// How long to wait for a client that doesn't read.
    private static let patience: UInt64 = 50_000_000
    /// Of one client (R3).
    private static let limit = 4

    init(loop: EventLoop) {
        timer = loop.makeTimer { [weak self] in self?.goOn() }
    }

    func add(_ inspection: Inspection, of client: Client) throws(ProtocolError) {
        let owner = ObjectIdentifier(client)
        guard counts[owner, default: 0] < Self.limit else {
            throw .noMemory("a client can have \(Self.limit) inspections under way, and not more; wait for done")
        }
        counts[owner, default: 0] += 1
        all[ObjectIdentifier(inspection)] = inspection
        inspection.onEnd = { [weak self, unowned inspection] in self?.remove(inspection, of: owner) }
        schedule(at: EventLoop.now)
    }

    private func remove(_ inspection: Inspection, of owner: ObjectIdentifier) {
        guard all[ObjectIdentifier(inspection)] != nil else { return }
        all[ObjectIdentifier(inspection)] = nil
        counts[owner]! -= 1
        if counts[owner] == 0 { counts[owner] = nil }
    }

    private func schedule(at time: UInt64) {
        if let dueTime, dueTime <= time { return }
        dueTime = time
        timer.set(at: time)
    }

    private func goOn() {
        dueTime = nil
        var room = Self.perTurn
        var isBlocked = true
        for inspection in Array(all.values) {
            guard room > 0 else {
                isBlocked = false
                break
            }
            switch inspection.goOn(&room) {
            case .done: inspection.end()
            case .more: isBlocked = false
            case .unread: break
            }
            // The next time others come first.
            let key = ObjectIdentifier(inspection)
            if all[key] != nil {
                all[key] = nil
                all[key] = inspection
            }
        }
        if !all.isEmpty { schedule(at: EventLoop.now + (isBlocked ? Self.patience : Self.pause)) }
    }
}
