internal import SharedMemory
internal import Synchronization

/// A client's file, shared with the threads that read it.
final class ClientFile: Sendable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// A client's memory, mapped for reading. Any thread may look at it.
///
/// Whoever looks first maps it, if it isn't: that waits for whatever else is just being mapped or unmapped, so that the
/// event loop isn't to do it; and what nobody looks at costs nothing.
@safe
final class MappedMemory: @unchecked Sendable {
    private enum State: Int {
        case unmapped, mapped
        /// There are no addresses, no mappings or no memory left.
        case unmappable
    }

    /// What is mapped, where it isn't yet.
    private let file: ClientFile?
    /// Once mapped, there until the end.
    private var mapping: ReadOnlyMapping?
    private let state: Atomic<Int>
    /// Held by whoever maps it.
    private let turn = Mutex(())
    /// Where in the file it begins, in bytes.
    let start: Int
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
        start = 0
        length = mapping.length
        file = nil
        state = Atomic(State.mapped.rawValue)
        self.mapping = consume mapping
    }

    /// The bytes in `range` of `file`, which can't become shorter, to be mapped when they are looked at; with some
    /// before, as mappings begin where pages do.
    init(_ file: ClientFile, _ range: Range<Int>, watch: MemoryWatch = MemoryWatch()) {
        self.watch = watch
        start = range.lowerBound - range.lowerBound % ReadOnlyMapping.alignment
        length = range.upperBound - start
        self.file = file
        state = Atomic(State.unmapped.rawValue)
    }

    deinit {
        let start = seenStart.load(ordering: .relaxed)
        let end = seenEnd.load(ordering: .relaxed)
        mapping.take()?.unmap(seen: start < end ? start..<end : 0..<0) { [notice] in notice.send() }
    }

    /// Whether pages that aren't there are worth counting.
    var isWatched: Bool { watch.isOn }

    /// How many pages of a range aren't there; 0 where it isn't mapped.
    func missingPages(in range: Range<Int>) -> Int {
        guard state.load(ordering: .acquiring) == State.mapped.rawValue else { return 0 }
        return mapping?.missingPages(in: range) ?? 0
    }

    /// Maps it if it isn't; false where that can't be, and never will.
    private func map() -> Bool {
        switch State(rawValue: state.load(ordering: .acquiring)) {
        case .mapped: return true
        case .unmappable: return false
        case .unmapped, nil: break
        }
        return turn.withLock { _ in
            guard let file, state.load(ordering: .relaxed) == State.unmapped.rawValue else {
                return state.load(ordering: .relaxed) == State.mapped.rawValue
            }
            mapping = try? ReadOnlyMapping(file.descriptor, length: length, at: Int64(start))
            let isMapped = mapping != nil
            state.store((isMapped ? State.mapped : .unmappable).rawValue, ordering: .releasing)
            return isMapped
        }
    }

    /// Whether anybody has looked at it.
    var wasSeen: Bool { seenEnd.load(ordering: .relaxed) > 0 }

    /// Lends bytes, counted from ``start`` on; nil where they can't be mapped.
    @discardableResult
    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R? {
        guard map(), mapping != nil else { return nil }
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

    /// Which of the file's bytes is the mapping's first.
    var start: Int { mapped.start }

    /// The charge is for one mapping.
    init(_ mapping: consuming ReadOnlyMapping, account: ClientAccount, charge: consuming Charge) {
        mapped = MappedMemory(mapping, watch: account.memoryTrust.watch)
        self.account = account
        self.charge = SharedCharge(charge)
    }

    /// The bytes in `range` of a file, mapped when they are looked at for the first time.
    init(_ file: ClientFile, _ range: Range<Int>, account: ClientAccount, charge: consuming Charge) {
        mapped = MappedMemory(file, range, watch: account.memoryTrust.watch)
        self.account = account
        self.charge = SharedCharge(charge)
    }

    deinit {
        // What nobody has looked at was never mapped, or is unmapped at once.
        if mapped.wasSeen { account.keep([charge], until: mapped.notice) }
    }

    /// Pages that weren't there before they were drawn, so far.
    private var filledPages = 0

    /// It was drawn from.
    func wasDrawn(_ trouble: DrawingTrouble) {
        account.memoryTrust.wasDrawn(trouble)
        if trouble.isUnmappable { account.memoryTrust.isLost() }
        filledPages += trouble.filledPages
        // What was only reserved until then is filled too, once.
        if filledPages > mapped.length / 4_096 + 64 { account.memoryTrust.isLost() }
    }
}
