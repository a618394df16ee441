internal import WaylandServer

/// Serials of the last input events of any kind, and who was sent them.
struct SentSerials {
    private struct Entry {
        let serial: UInt32
        weak var client: Client?
    }

    private var entries: [Entry] = []
    /// Where the oldest is, once there are as many as are kept.
    private var oldest = 0
    /// Far more than come before a client has read one and acted on it.
    private static let limit = 256

    mutating func note(_ serial: UInt32, sentTo client: Client?) {
        guard let client else { return }
        let entry = Entry(serial: serial, client: client)
        if entries.count < Self.limit {
            entries.append(entry)
        } else {
            entries[oldest] = entry
            oldest = (oldest + 1) % Self.limit
        }
    }

    func contains(_ serial: UInt32, of client: Client) -> Bool {
        entries.contains { $0.serial == serial && $0.client === client }
    }
}
