internal import WaylandServer

/// Serials of the last events that somebody pressed or released something with. Their clients may do more because of
/// that: open a menu that takes all input, or have a window moved.
struct PressSerials {
    /// What kind of event it was.
    enum Kind {
        /// A button, a key or a finger went down.
        case press
        /// One came up.
        case release
        case other
    }

    private struct Press {
        let serial: UInt32
        weak var client: Client?
    }

    private var presses: [Press] = []
    /// More isn't needed: a client acts on one that it has just read.
    private static let limit = 16

    /// Something was pressed or released, of which a client was told, or nobody: what others were told before is over.
    mutating func note(_ serial: UInt32, sentTo client: Client?) {
        presses.removeAll { $0.client !== client }
        if presses.count == Self.limit { presses.removeFirst() }
        presses.append(Press(serial: serial, client: client))
    }

    /// A client has done something with this one: it can't with it again, nor with those before.
    mutating func use(_ serial: UInt32) {
        guard let index = presses.firstIndex(where: { $0.serial == serial }) else { return }
        presses.removeSubrange(...index)
    }

    /// Whether a client was sent this serial with a press.
    func contains(_ serial: UInt32, of client: Client) -> Bool {
        presses.contains { $0.serial == serial && $0.client === client }
    }
}
