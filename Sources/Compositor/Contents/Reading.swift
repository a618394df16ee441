internal import Pixels
internal import SharedMemory
internal import Synchronization

/// Reading some rows of a client's file, in parts. Belongs to the lane, once that has it.
final class Reading: @unchecked Sendable {
    private let file: ClientFile
    /// Where the first row begins.
    private let offset: Int
    let layout: PixelLayout
    private let pixels: PixelMemory
    /// What is to be read, in bytes from the first row on.
    private var parts: [Range<Int>]
    private var hasBegun = false
    private let isUnwanted = Atomic(false)

    /// Reads `rows` of a buffer whose first byte is at `offset`.
    init(file: ClientFile, offset: Int, layout: PixelLayout, rows: [Range<Int>], into pixels: PixelMemory) {
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
    func go(unlessWhole: Bool, cancellation: Lane.Cancellation) -> Outcome? {
        if cancellation.isCancelled || isUnwanted.load(ordering: .relaxed) { return .left }
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
            bytes.bringIn()
            return (try? file.descriptor.pread(into: &bytes, at: Int64(offset + range.lowerBound))) == range.count
        }
    }
}
