internal import SharedMemory
internal import Synchronization
internal import WaylandServer

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

    /// Whether whoever draws from it is to say how many pages weren't there.
    let isWatched = Atomic(false)

    /// How many pages of a range aren't there; 0 unless it is watched.
    func missingPages(in range: Range<Int>) -> Int {
        guard isWatched.load(ordering: .relaxed) else { return 0 }
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
        mapped = MappedMemory(mapping)
        self.account = account
        self.charge = SharedCharge(charge)
    }

    deinit {
        // What nobody has looked at is unmapped at once.
        if mapped.wasSeen { account.keep([charge], until: mapped.notice) }
    }

    // MARK: Trust

    /// Nanoseconds that the client may keep threads waiting that draw from its memory; and pages that it may take out
    /// before they are drawn.
    private static let patience: (sleep: UInt64, pages: UInt64) = (50_000_000, 64)
    private var sleep: UInt64 = 0
    private var missing: UInt64 = 0
    /// Page faults of whoever drew from it.
    private var faults: UInt64 = 0
    /// When there was trouble the last time.
    private var time = EventLoop.now

    /// Whether its pages are there when they are needed. They stay where they are unless the client punches holes, or
    /// the machine runs out of memory; looking at a hole fills it, and waits for whoever punches just then.
    private(set) var isTrusted = true

    /// It was drawn from. The first look at a page is a fault too, and drawing may have others, so many of them only
    /// mean that it is worth counting the pages that aren't there.
    func wasDrawn(_ trouble: DrawingTrouble) {
        // The machine has reasons of its own now and then: a sixteenth of the time, and some pages.
        let elapsed = EventLoop.now - time
        time += elapsed
        sleep = trouble.sleep + sleep.lowered(by: elapsed / 16)
        missing = UInt64(trouble.missingPages) + missing.lowered(by: elapsed / 100_000_000)
        faults += UInt64(trouble.faults)
        if faults > mapped.length / 4_096 + 16 { mapped.isWatched.store(true, ordering: .relaxed) }
        if sleep > Self.patience.sleep || missing > Self.patience.pages { isTrusted = false }
    }
}

extension UInt64 {
    fileprivate func lowered(by amount: UInt64) -> UInt64 { self > amount ? self - amount : 0 }
}
