internal import SharedMemory

/// Descriptors that a client sent and no request has taken so far, in their order.
struct DescriptorQueue: ~Copyable {
    private struct Entry {
        let number: CInt
        let seals: Seals?
    }

    private let user: UInt32
    private var entries: [Entry] = []
    private var first = 0
    /// The highest number that came so far: an idea of how full the process's table is.
    private(set) var highestNumber: CInt = 0

    /// For a client of `user`.
    init(user: UInt32) { self.user = user }

    deinit {
        for entry in entries[first...] { _ = Descriptor(received: entry.number, from: user, seals: entry.seals) }
    }

    var count: Int { entries.count - first }

    /// How many were taken so far.
    private(set) var takenCount = 0

    /// Adds one that came. It is asked for its seals, and nothing else: other questions can make us wait for the
    /// sender.
    mutating func append(_ number: CInt) {
        entries.append(Entry(number: number, seals: Seals(of: number)))
        highestNumber = max(highestNumber, number)
    }

    /// The oldest one.
    mutating func takeFirst() -> Descriptor? {
        guard first < entries.count else { return nil }
        let entry = entries[first]
        first += 1
        takenCount += 1
        if first == entries.count {
            entries.removeAll(keepingCapacity: entries.capacity <= 64)
            first = 0
        } else if first >= 256 {
            entries.removeFirst(first)
            first = 0
        }
        return Descriptor(received: entry.number, from: user, seals: entry.seals)
    }

    /// The numbers of the oldest, for messages.
    var numbers: some Sequence<CInt> { entries[first...].lazy.map(\.number) }
}
