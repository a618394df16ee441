internal import Synchronization

/// Where threads leave things for others, and never wait for those who take them.
///
/// There are two places for it: whoever looks into one of them may have lost its CPU there, and whoever leaves
/// something is not to wait for that. It has to tell those who take by other means, afterwards.
package final class Inbox<Item: Sendable>: Sendable {
    private let first = Mutex<[Item]>([])
    private let second = Mutex<[Item]>([])

    package init() {}

    /// Leaves an item.
    package func post(_ item: Item) {
        let isTaken: Void? =
            first.withLockIfAvailable { $0.append(item) } ?? second.withLockIfAvailable { $0.append(item) }
        // Other threads that leave something have them both.
        if isTaken == nil { first.withLock { $0.append(item) } }
    }

    /// All that was left, in no order.
    package func takeAll() -> [Item] {
        first.withLock { Self.empty(&$0) } + second.withLock { Self.empty(&$0) }
    }

    /// As ``takeAll()``, without waiting: nothing where somebody is just about to leave something, who will tell. With
    /// each item come those that were left before it.
    package func takeAvailable() -> [Item] {
        first.withLockIfAvailable { items in
            second.withLockIfAvailable { Self.empty(&items) + Self.empty(&$0) } ?? []
        } ?? []
    }

    private static func empty(_ items: inout [Item]) -> [Item] {
        defer { items = [] }
        return items
    }
}
