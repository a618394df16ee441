internal import Pixels
internal import SharedMemory
internal import Synchronization
internal import WaylandServer

/// Pixels that the client's lane looks at after the commit: they are read from its file, since mapping that wouldn't be
/// safe, or wouldn't be cheap.
///
/// A copy doesn't change any more once it can be shown, and its buffer is released then. The next one of the surface is
/// written over the one before this, if nobody shows that, so that only what has changed since is read.
///
/// Where the pool is mapped, and all of the buffer turns out to be there, the mapping is the content.
final class CopiedContent: PixelContent {
    private let pool: ShmPool
    private var copy: Copy?
    /// What the surface showed before, and where this differs from it.
    private var older: Copy?
    private let changes: Region
    /// In place of a copy.
    private var mapped: (memory: ClientMemory, range: Range<Int>, charge: SharedCharge)?
    /// Kept until the pixels are read, and as long as a mapping is shown.
    private var lock: BufferLock?
    /// While it is at work.
    private var reading: Reading?

    /// A copy's memory, as long as somebody needs it.
    private final class Copy {
        let pixels: PixelMemory
        /// Whether the pixels of a commit were read into it, all of them.
        var isWhole = false
        private let charge: Charge
        private let mappingCharge: Charge

        init(byteCount: Int, account: ClientAccount) throws(ProtocolError) {
            charge = try account.charge(byteCount, of: .copiedBytes)
            mappingCharge = try account.charge(of: .mappings)
            pixels = PixelMemory(byteCount: byteCount)
        }
    }

    /// Reads a buffer; what differs from `previous` is in `damage`, in buffer pixels.
    init(
        of buffer: ShmBuffer,
        layout: PixelLayout,
        after previous: CopiedContent?,
        damage: Region
    ) throws(ProtocolError) {
        pool = buffer.pool
        changes = damage
        lock = buffer.lock()
        var rows: [Range<Int>] = [0..<layout.size.height]
        let last = previous.flatMap { $0.pool === buffer.pool && $0.layout == layout ? $0 : nil }
        if let last, last.copy != nil {
            if last.older?.isWhole == true, isKnownUniquelyReferenced(&last.older) {
                copy = last.older
                rows = damage.union(last.changes).rows(in: layout.size.bounds)
            }
            // Two are kept at most, beside what others show.
            last.older = nil
            older = last.copy
        }
        copy?.isWhole = false
        if copy == nil { copy = try Copy(byteCount: layout.byteCount, account: buffer.account) }
        super.init(layout: layout)
        becomeUnready()
        let work = Reading(
            file: buffer.pool.file,
            offset: buffer.range.lowerBound,
            layout: layout,
            rows: rows,
            pixels: copy!.pixels
        )
        if pool.isOpen {
            try begin(work, of: buffer)
        } else {
            // Not kept alive by the pool, which the buffer keeps.
            try pool.whenOpen(self) { [weak self, weak buffer] in
                guard let self, let buffer else { return }
                do throws(ProtocolError) { try begin(work, of: buffer) } catch { buffer.account.end(with: error) }
            }
        }
    }

    private func begin(_ work: Reading, of buffer: ShmBuffer) throws(ProtocolError) {
        let mayBeMapped = pool.memory != nil
        reading = work
        // The copy's memory stays charged for as long as it is written to.
        try buffer.account.look({ work.go(unlessWhole: mayBeMapped, end: $0) }) { [weak self, copy] outcome in
            let account = buffer.account
            self?.reading = nil
            withExtendedLifetime(copy) {}
            guard account.isOpen else { return }
            switch outcome {
            case .done: self?.finish()
            case .whole:
                buffer.isPopulated = true
                do throws(ProtocolError) { try self?.map(buffer) } catch { account.end(with: error) }
            case .truncated: account.end(with: buffer.truncated)
            case .noMemory(let error):
                account.end(with: .noMemory("a copy of \(work.layout.byteCount) bytes can't be made: \(error)"))
            case .left: break
            }
        }
    }

    deinit {
        reading?.cancel()
        pool.stopWaiting(self)
    }

    private func finish() {
        copy?.isWhole = true
        lock = nil
        becomeReady()
    }

    private func map(_ buffer: ShmBuffer) throws(ProtocolError) {
        guard let memory = pool.memory else { throw .implementation("a pool that was mapped isn't any more") }
        let charge = try buffer.account.charge(buffer.range.count, of: .mappedBytes)
        mapped = (memory, buffer.range, SharedCharge(charge))
        copy = nil
        older = nil
        becomeReady()
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        if let mapped { return mapped.memory.withBytes(in: mapped.range, body) }
        guard let copy else { preconditionFailure("content is drawn before it is ready") }
        return copy.pixels.withBytes(body)
    }
}

/// Memory for a copy, which one thread at a time has: the lane until it is filled, and then the event loop's.
@safe
final class PixelMemory: @unchecked Sendable {
    private let byteCount: Int
    private var memory: WritableMapping?

    init(byteCount: Int) { self.byteCount = byteCount }

    deinit {
        if let memory = memory.take() { memory.unmapElsewhere() }
    }

    /// Makes sure that there is memory.
    func reserve() throws(SystemError) {
        if memory == nil { memory = try WritableMapping(withoutFile: byteCount) }
    }

    func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return memory!.withBytes(in: 0..<byteCount, body)
    }

    func withMutableBytes<R>(in range: Range<Int>, _ body: (inout MutableRawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return memory!.withMutableBytes(in: range, body)
    }
}

/// Reading some rows of a client's file, in parts. Belongs to the lane, once that has it.
private final class Reading: @unchecked Sendable {
    let file: ClientFile
    /// Where the first row begins.
    let offset: Int
    let layout: PixelLayout
    private let pixels: PixelMemory
    /// What is to be read, in bytes from the first row on.
    private var parts: [Range<Int>]
    private var hasBegun = false
    private let isUnwanted = Atomic(false)

    init(file: ClientFile, offset: Int, layout: PixelLayout, rows: [Range<Int>], pixels: PixelMemory) {
        self.file = file
        self.offset = offset
        self.layout = layout
        self.pixels = pixels
        parts = rows.reversed().filter { !$0.isEmpty }.map { rows in
            rows.lowerBound * layout.stride..<(rows.upperBound - 1) * layout.stride + layout.rowBytes
        }
    }

    enum Outcome: Sendable {
        case done
        /// Nothing was read: all bytes have memory behind them, and may be looked at where they are.
        case whole
        /// The file ends before, or can't be read.
        case truncated
        case noMemory(SystemError)
        /// Nobody waits for it any more.
        case left
    }

    /// How much is read before others have their turns.
    private static let portion = 4 << 20

    /// Nobody needs the rest. To be called by the event loop.
    func cancel() { isUnwanted.store(true, ordering: .relaxed) }

    /// Goes on; nil where there is more to be read.
    func go(unlessWhole: Bool, end: Lane.End) -> Outcome? {
        if end.isHere || isUnwanted.load(ordering: .relaxed) { return .left }
        if !hasBegun {
            hasBegun = true
            let all = Int64(offset)..<Int64(offset + layout.byteCount)
            if unlessWhole, (try? file.descriptor.hasHole(in: all)) == false { return .whole }
            do throws(SystemError) { try pixels.reserve() } catch { return .noMemory(error) }
        }
        var left = Self.portion
        while left > 0, let part = parts.popLast() {
            let range = part.prefix(left)
            if range.count < part.count { parts.append(range.endIndex..<part.upperBound) }
            guard read(range.startIndex..<range.endIndex) else { return .truncated }
            left -= range.count
        }
        return parts.isEmpty ? .done : nil
    }

    private func read(_ range: Range<Int>) -> Bool {
        pixels.withMutableBytes(in: range) { bytes in
            (try? file.descriptor.pread(into: &bytes, at: Int64(offset + range.lowerBound))) == range.count
        }
    }
}

extension Region {
    /// Bands of rows that it touches, from the top down.
    fileprivate func rows(in bounds: Rectangle) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var done = 0
        // Rectangles come in bands from the top down, several in one.
        intersection(bounds).forEachRectangle { rectangle in
            let rows = max(rectangle.minY, done)..<max(rectangle.maxY, done)
            guard !rows.isEmpty else { return }
            done = rows.upperBound
            result.append(rows)
        }
        return result
    }
}
