internal import WaylandServer

/// The clients that events of those who play devices went to lately, newest last.
struct Addressees {
    private var clients: [(client: WeakClient, number: UInt64)] = []
    private var lastNumber: UInt64 = 0

    private struct WeakClient {
        weak var client: Client?
    }

    /// As many as can have the pointer, the keyboard and fingers, before and now.
    private static let limit = 160

    /// The client gets an event.
    mutating func note(_ client: Client) {
        lastNumber += 1
        if let last = clients.last, last.client.client === client {
            clients[clients.count - 1].number = lastNumber
            return
        }
        clients.removeAll { $0.client.client == nil || $0.client.client === client }
        clients.append((WeakClient(client: client), lastNumber))
        if clients.count > Self.limit { clients.removeFirst() }
    }

    /// Those noted since a mark, which becomes one for now.
    func since(_ mark: inout UInt64) -> [Client] {
        defer { mark = lastNumber }
        return clients.filter { $0.number > mark }.compactMap(\.client.client)
    }
}
