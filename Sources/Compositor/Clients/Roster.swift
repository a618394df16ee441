/// A client's surfaces and buffers, in the order in which they were made, for whoever looks through them a few at a
/// time: each has a number, and what comes after a number can be asked for when that one is gone.
///
/// Nothing is kept alive by it: who is in it leaves when it ends. Entering takes constant time, leaving and asking time
/// that grows with the logarithm of how many there are, on average.
struct Roster {
    private struct Entry {
        let number: UInt64
        /// Whether it has left. One that is just ending can't be asked for any more, not even to compare it.
        var isGap = false
        unowned var member: AnyObject?
    }

    /// By number.
    private var entries: [Entry] = []
    private var gapCount = 0
    private var lastNumber: UInt64 = 0

    /// Takes `member` in; returns its number, which is never 0.
    mutating func add(_ member: AnyObject) -> UInt64 {
        lastNumber += 1
        entries.append(Entry(number: lastNumber, member: member))
        return lastNumber
    }

    /// It is about to end. Does nothing where nobody has that number.
    mutating func remove(_ number: UInt64) {
        let place = place(after: number - min(number, 1))
        guard place < entries.count, entries[place].number == number, !entries[place].isGap else { return }
        entries[place].isGap = true
        entries[place].member = nil
        gapCount += 1
        guard gapCount * 2 > entries.count else { return }
        entries.removeAll { $0.isGap }
        gapCount = 0
    }

    /// The first one whose number is larger than `number`.
    func next(after number: UInt64) -> (number: UInt64, member: AnyObject)? {
        // By index: Swift 6.3's iterator over entries that hold an unowned optional doesn't end.
        for place in place(after: number)..<entries.count {
            if !entries[place].isGap, let member = entries[place].member { return (entries[place].number, member) }
        }
        return nil
    }

    /// How many there are.
    var count: Int { entries.count - gapCount }

    private func place(after number: UInt64) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number > number { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
