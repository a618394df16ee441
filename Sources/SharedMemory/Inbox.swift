internal import Synchronization

/// Where one thread leaves work for others, and never waits for them.
///
/// There are two places for it: a thread that looks into one of them may have lost its CPU there, and whoever hands
/// over is not to wait for that.
package final class Inbox<Item: Sendable>: Sendable {
    private let first = Mutex<[Item]>([])
    private let second = Mutex<[Item]>([])
    /// Raised for each item.
    private let posted = Semaphore()

    package init() {}

    /// Leaves an item, and lets one of those who wait go on.
    package func post(_ item: Item) {
        let isTaken: Void? =
            first.withLockIfAvailable { $0.append(item) } ?? second.withLockIfAvailable { $0.append(item) }
        // Other threads that hand over have them both.
        if isTaken == nil { first.withLock { $0.append(item) } }
        posted.post()
    }

    /// Lets one of those who wait go on, without an item.
    package func poke() { posted.post() }

    /// Waits for the next item or poke; for so many milliseconds at most, if any are given.
    package func wait(milliseconds: Int? = nil) { posted.wait(milliseconds: milliseconds) }

    /// All that was left, in no order.
    package func takeAll() -> [Item] { Self.takeAll(first) + Self.takeAll(second) }

    private static func takeAll(_ place: borrowing Mutex<[Item]>) -> [Item] {
        place.withLock { items in
            defer { items = [] }
            return items
        }
    }
}
