internal import WaylandServer

/// Whose connections there are, so that many of one don't keep others out.
final class ConnectionCounts {
    private var clients: [Int64: [Client]] = [:]
    private var users: [UInt32: Int] = [:]
    private var count = 0

    /// How many a process has.
    func count(of process: Int64) -> Int { clients[process]?.count ?? 0 }

    func add(_ client: Client) {
        clients[client.credentials.processIdentity, default: []].append(client)
        users[client.credentials.user, default: 0] += 1
        count += 1
    }

    func remove(_ client: Client) {
        let (process, user) = (client.credentials.processIdentity, client.credentials.user)
        guard let index = clients[process]?.lastIndex(where: { $0 === client }) else { return }
        clients[process]!.remove(at: index)
        if clients[process]!.isEmpty { clients[process] = nil }
        users[user]! -= 1
        if users[user] == 0 { users[user] = nil }
        count -= 1
    }

    /// Whether there are fewer than `room`. Otherwise the newest of the process that has the most, or of the user who
    /// has, goes for one that has fewer; false where nobody has more than the newcomer would.
    func makeRoom(for newcomer: Client, upTo room: Int) -> Bool {
        guard count >= room else { return true }
        let crowd = clients.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        let own = self.count(of: newcomer.credentials.processIdentity)
        if let crowd, crowd.value.count > own + 1, let last = crowd.value.last(where: { $0.lastError == nil }) {
            shed(last)
            return true
        }
        let user = users.max { ($0.value, $0.key) < ($1.value, $1.key) }
        guard let user, user.value > (users[newcomer.credentials.user] ?? 0) + 1 else { return false }
        let last = clients.values.lazy.compactMap(\.last).filter {
            $0.credentials.user == user.key && $0.lastError == nil
        }
        guard let client = last.max(by: { $0.objectCount < $1.objectCount }) else { return false }
        shed(client)
        return true
    }

    private func shed(_ client: Client) {
        client.end(with: .noMemory("all connections are in use, and somebody needs one who has none so far"))
    }
}
