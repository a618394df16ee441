internal import SharedMemory
internal import Synchronization

/// A client's memory, mapped for reading. Any thread may look at it.
@safe
final class MappedMemory: @unchecked Sendable {
    /// There until the end.
    private var mapping: ReadOnlyMapping?
    /// In bytes.
    let length: Int
    /// What was looked at so far lies between these.
    private let seenStart = Atomic(Int.max)
    private let seenEnd = Atomic(0)
    private let watch: MemoryWatch
    /// Is told when it is unmapped.
    let notice = UnmapNotice()

    /// `watch` tells whether pages that aren't there are worth counting.
    init(_ mapping: consuming ReadOnlyMapping, watch: MemoryWatch = MemoryWatch()) {
        self.watch = watch
        length = mapping.length
        self.mapping = consume mapping
    }

    deinit {
        let start = seenStart.load(ordering: .relaxed)
        let end = seenEnd.load(ordering: .relaxed)
        mapping.take()?.unmap(seen: start < end ? start..<end : 0..<0) { [notice] in notice.send() }
    }

    /// How many pages of a range aren't there; 0 unless they are watched.
    func missingPages(in range: Range<Int>) -> Int {
        guard watch.isOn.load(ordering: .relaxed) else { return 0 }
        return mapping?.missingPages(in: range) ?? 0
    }

    /// Whether anybody has looked at it.
    var wasSeen: Bool { seenEnd.load(ordering: .relaxed) > 0 }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        guard mapping != nil else { preconditionFailure("the mapping has ended") }
        seenStart.min(range.lowerBound, ordering: .relaxed)
        seenEnd.max(range.upperBound, ordering: .relaxed)
        return mapping!.withBytes(in: range, body)
    }
}

/// A mapping of a client's memory, shared by the object that it came with and the contents that were taken from it.
final class ClientMemory {
    let mapped: MappedMemory
    private let account: ClientAccount
    private let charge: SharedCharge

    /// The charge is for one mapping.
    init(_ mapping: consuming ReadOnlyMapping, account: ClientAccount, charge: consuming Charge) {
        mapped = MappedMemory(mapping, watch: account.memoryTrust.watch)
        self.account = account
        self.charge = SharedCharge(charge)
    }

    deinit {
        // What nobody has looked at is unmapped at once.
        if mapped.wasSeen { account.keep([charge], until: mapped.notice) }
    }

    /// Pages that weren't there before they were drawn, so far.
    private var filledPages = 0

    /// It was drawn from.
    func wasDrawn(_ trouble: DrawingTrouble) {
        account.memoryTrust.wasDrawn(trouble)
        filledPages += trouble.filledPages
        // What was only reserved until then is filled too, once.
        if filledPages > mapped.length / 4_096 + 64 { account.memoryTrust.isLost() }
    }
}
