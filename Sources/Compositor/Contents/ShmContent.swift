internal import Pixels
internal import WaylandServer

/// Pixels in a client's shared memory.
///
/// - Where the memory is mapped, and all of the buffer is there, they are looked at where they are. The buffer stays
///   locked while the content is shown; the client can still write into its memory, and will be seen writing.
/// - Otherwise they are read from the file after the commit, on the client's lane. The copy doesn't change any more
///   once it can be shown, and the buffer is released then. The next copy of the surface is written over the one before
///   this, if nobody shows that, so that only what has changed since is read.
/// - Where the client empties its memory while it is shown, or it turns out that it can't be mapped, the second takes
///   the place of the first.
final class ShmContent: SurfaceContent {
    private let buffer: ShmBuffer
    private let layout: ShmLayout
    /// Until the client's memory is mapped or read.
    private var lock: BufferLock?
    /// Where the pixels are looked at where they are.
    private var view: MemoryView?
    private var copy: PixelCopy?
    /// The copy that the surface showed before.
    private var older: PixelCopy?
    /// Where this differs from what the surface showed before.
    private let changes: Region
    /// While it is at work.
    private var reading: Reading?

    /// What `buffer` holds; what of it differs from `previous` is in `damage`, in buffer pixels.
    init(
        of buffer: ShmBuffer,
        layout: ShmLayout,
        after previous: ShmContent?,
        damage: Region
    ) throws(ProtocolError) {
        self.buffer = buffer
        self.layout = layout
        changes = damage
        lock = buffer.lock()
        super.init(size: layout.size, isOpaque: layout.picture.isOpaque)
        try begin(after: previous)
    }

    private func begin(after previous: ShmContent?) throws(ProtocolError) {
        if let memory = buffer.wholeMemory { return try map(memory) }
        let rows = try prepareCopy(after: previous)
        if buffer.file.isOpen { return try read(rows) }
        try buffer.file.whenOpen(self) { [weak self] in
            guard let self else { return }
            do throws(ProtocolError) { try read(rows) } catch { self.buffer.account.end(with: error) }
        }
    }

    deinit {
        reading?.cancel()
        buffer.file.stopWaiting(self)
    }

    private func map(_ memory: ClientMemory) throws(ProtocolError) {
        let charge = try buffer.account.charge(buffer.range.count, of: .mappedBytes)
        guard let lock = lock.take() else { return }
        buffer.reading = .mapped
        view = MemoryView(memory: memory, lock: lock, charge: charge)
        copy = nil
        older = nil
        let start = buffer.range.lowerBound - memory.start
        becomeReady(
            layout.picture.source(
                layout.planes.map { .mapping(memory.mapped, start + $0.lowerBound..<start + $0.upperBound) }
            )
        )
    }

    /// A look at the client's memory, during which the buffer is locked.
    private final class MemoryView {
        let memory: ClientMemory
        private let lock: BufferLock
        private let charge: Charge

        init(memory: ClientMemory, lock: consuming BufferLock, charge: consuming Charge) {
            self.memory = memory
            self.lock = lock
            self.charge = charge
        }
    }

    override var hold: AnyObject? { view ?? copy }

    // MARK: Copies

    /// Finds memory for a copy; which rows have to be read into it.
    private func prepareCopy(after previous: ShmContent?) throws(ProtocolError) -> [Range<Int>] {
        var rows: [Range<Int>] = [0..<layout.size.height]
        if let previous, previous.copy != nil, previous.buffer.file === buffer.file, previous.layout == layout {
            if previous.older?.isWhole == true, isKnownUniquelyReferenced(&previous.older) {
                copy = previous.older
                rows = changes.union(previous.changes).rows(in: layout.size.bounds)
            }
            // Two are kept at most, beside what others show.
            previous.older = nil
            older = previous.copy
        }
        copy?.isWhole = false
        if copy == nil { copy = try PixelCopy(byteCount: layout.byteCount, account: buffer.account) }
        return rows
    }

    /// Has rows read, and what can be mapped mapped where it turns out to be there.
    private func read(_ rows: [Range<Int>]) throws(ProtocolError) {
        guard let copy else { return }
        let mayBeMapped = view == nil && buffer.file.memory != nil && buffer.account.memoryTrust.isGiven
        let work = Reading(
            file: buffer.file.file,
            offset: buffer.range.lowerBound,
            byteCount: layout.byteCount,
            parts: layout.bytes(ofRows: rows),
            into: copy.pixels
        )
        reading = work
        // The copy's memory stays charged for as long as it is written to. Not kept alive by the lane.
        try buffer.account.look { cancellation in
            work.go(unlessWhole: mayBeMapped, cancellation: cancellation)
        } then: { [weak self, buffer, copy] outcome in
            self?.reading = nil
            withExtendedLifetime(copy) {}
            guard buffer.account.isOpen else { return }
            switch outcome {
            case .done: self?.finish(copy)
            case .whole:
                buffer.isPopulated = true
                guard let memory = buffer.file.memory else { return }
                do throws(ProtocolError) { try self?.map(memory) } catch { buffer.account.end(with: error) }
            case .truncated: buffer.account.end(with: buffer.truncated)
            case .noMemory(let error):
                let text = "a copy of \(work.byteCount) bytes can't be made: \(error)"
                buffer.account.end(with: .noMemory(text))
            case .left: break
            }
        }
    }

    private func finish(_ copy: PixelCopy) {
        copy.isWhole = true
        buffer.reading = .copied
        buffer.copies += 1
        lock = nil
        view = nil
        becomeReady(layout.picture.source(layout.planes.map { .copy(copy.pixels, $0) }))
    }

    override func wasDrawn(_ trouble: DrawingTrouble) {
        guard let view else { return }
        view.memory.wasDrawn(trouble)
        guard !buffer.account.memoryTrust.isGiven, copy == nil else { return }
        // There is nothing to be seen until there is a copy.
        if trouble.isUnmappable { becomeReady(SolidColor(0)) }
        do throws(ProtocolError) { try read(prepareCopy(after: nil)) } catch { buffer.account.end(with: error) }
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
