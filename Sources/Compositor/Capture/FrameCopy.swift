internal import Pixels
internal import SharedMemory
internal import Synchronization

/// Copying a part of a frame into a client's file, by pwrite(2) and in parts. Belongs to the lane, once that has it.
///
/// A file never gets longer by that, but where its owner shortens it between a look at its size and the next part: then
/// by what he took away.
final class FrameCopy: @unchecked Sendable {
    private let pixels: PixelMemory
    private let layout: PixelLayout
    private let part: Rectangle
    private let file: ClientFile
    /// Where the first row goes.
    private let offset: Int
    private var row = 0
    private let isUnwanted = Atomic(false)

    /// Copies the pixels in `part` of a frame, whose memory nobody draws into meanwhile. They go to byte `offset` of
    /// `file`, without gaps between the rows.
    init(of pixels: PixelMemory, _ layout: PixelLayout, part: Rectangle, to file: ClientFile, at offset: Int) {
        self.pixels = pixels
        self.layout = layout
        self.part = part
        self.file = file
        self.offset = offset
    }

    enum Outcome: Sendable {
        case done
        /// The file ends before, is sealed, or can't be written to otherwise.
        case failed(SystemError)
        /// Nobody waits for it any more.
        case left
    }

    /// How much is written before others have their turns, in bytes.
    private static let portion = 4 << 20

    /// Nobody needs the rest. To be called by the event loop.
    func cancel() { isUnwanted.store(true, ordering: .relaxed) }

    /// Goes on; nil where there is more to be written.
    func go(_ cancellation: Lane.Cancellation) -> Outcome? {
        if cancellation.isCancelled || isUnwanted.load(ordering: .relaxed) { return .left }
        let rowBytes = part.width * layout.format.bytesPerPixel
        let rows = row..<min(part.height, row + max(1, Self.portion / rowBytes))
        do throws(SystemError) {
            try file.descriptor.checkWritableInPlace(upTo: Int64(offset + rows.upperBound * rowBytes))
            // Whole rows of the frame are one piece of memory.
            let step = rowBytes == layout.stride ? rows.count : 1
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
                try write(step * rowBytes, fromRow: first, to: Int64(offset + first * rowBytes))
            }
        } catch {
            return .failed(error)
        }
        row = rows.upperBound
        return row < part.height ? nil : .done
    }

    private func write(_ count: Int, fromRow row: Int, to offset: Int64) throws(SystemError) {
        let start = (part.y + row) * layout.stride + part.x * layout.format.bytesPerPixel
        let result = pixels.withBytes { bytes -> Result<Void, SystemError> in
            do throws(SystemError) {
                return .success(try file.descriptor.pwrite(bytes.extracting(start..<start + count), at: offset))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
