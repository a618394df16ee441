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
    /// Is told when it is unmapped.
    let notice = UnmapNotice()

    init(_ mapping: consuming ReadOnlyMapping) {
        length = mapping.length
        self.mapping = consume mapping
    }

    deinit {
        let start = seenStart.load(ordering: .relaxed)
        let end = seenEnd.load(ordering: .relaxed)
        mapping.take()?.unmap(seen: start < end ? start..<end : 0..<0) { [notice] in notice.send() }
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
        mapped = MappedMemory(mapping)
        self.account = account
        self.charge = SharedCharge(charge)
    }

    deinit {
        // What nobody has looked at is unmapped at once.
        if mapped.wasSeen { account.keep([charge], until: mapped.notice) }
    }

    // MARK: Trust

    /// Nanoseconds that the client may keep a thread waiting that draws from its memory.
    private static let patience: UInt64 = 5_000_000
    /// Pages that weren't there when they were drawn.
    private var faults = 0

    /// Whether its pages are there when they are needed. They stay where they are unless the client punches holes, or
    /// the machine runs out of memory; looking at a hole fills it, and waits for whoever punches just then.
    private(set) var isTrusted = true

    /// It was drawn from. The first look at a page is a fault too, so as many of them as there are pages mean nothing.
    func wasDrawn(_ trouble: DrawingTrouble) {
        let pages = mapped.length / 4_096 + 1
        // The kernel has reasons of its own to ask again, now and then.
        faults = max(0, faults + trouble.faults - max(1, pages / 600))
        if trouble.sleep > Self.patience || faults > pages + 16 { isTrusted = false }
    }
}
