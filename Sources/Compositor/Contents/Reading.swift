internal import SharedMemory
internal import Synchronization

/// Reading some bytes of a client's file, in parts. Belongs to the lane, once that has it.
final class Reading: @unchecked Sendable {
    private let file: ClientFile
    /// Where the buffer begins.
    private let offset: Int
    /// How many bytes the buffer has.
    let byteCount: Int
    private let pixels: PixelMemory
    /// What is to be read, in bytes from the buffer's first one on; the last one is next.
    private var parts: [Range<Int>]
    private var hasBegun = false
    private let isUnwanted = Atomic(false)

    /// Reads parts of a buffer whose first byte is at `offset`.
    init(file: ClientFile, offset: Int, byteCount: Int, parts: [Range<Int>], into pixels: PixelMemory) {
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
        self.pixels = pixels
        self.parts = parts.reversed()
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
            let all = Int64(offset)..<Int64(offset + byteCount)
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
