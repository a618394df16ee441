internal import DirectRendering
internal import Pixels
internal import SharedMemory
internal import Synchronization

/// Copying a part of a frame into a client's memory, a portion at a time. Belongs to the lane, once that has it.
///
/// A file is written to with pwrite(2), and never gets longer by that, but where its owner shortens it between a look
/// at its size and the next portion: then by what he took away. A dma-buf knows no write(2). Its size is fixed for
/// life, so it is mapped for a portion, between the two calls of DMA_BUF_IOCTL_SYNC that make that the CPU's turn.
final class FrameCopy: @unchecked Sendable {
    /// A client's memory.
    enum Memory: Sendable {
        case file(ClientFile)
        case dmabuf(DmabufMemory.Shared)
    }

    /// Where pixels go.
    struct Target: Sendable {
        let memory: Memory
        /// The byte with the first pixel.
        let offset: Int
        /// How many of them there are, and where.
        let layout: PixelLayout
    }

    private let pixels: PixelMemory
    private let layout: PixelLayout
    private let target: Target
    /// The pixel of the frame that is the target's first.
    private let corner: Point
    /// What is still to be copied, in pixels of the target, the next at the end.
    private var rest: [Rectangle] = []
    private let isUnwanted = Atomic(false)

    /// Copies pixels of a frame, whose memory nobody draws into meanwhile: `region`, in pixels of the target, which
    /// lies in the frame at `corner`.
    init(of pixels: PixelMemory, _ layout: PixelLayout, at corner: Point, to target: Target, region: Region) {
        self.pixels = pixels
        self.layout = layout
        self.corner = corner
        self.target = target
        region.forEachRectangle { rest.append($0) }
        rest.reverse()
    }

    enum Outcome: Sendable {
        case done
        /// The memory ends before, is sealed, or can't be written to otherwise.
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
        let next = takePortion()
        do throws(SystemError) {
            switch target.memory {
            case .file(let file): try write(next, to: file)
            case .dmabuf(let shared): try write(next, to: shared)
            }
        } catch {
            return .failed(error)
        }
        return rest.isEmpty ? .done : nil
    }

    private var bytesPerPixel: Int { target.layout.format.bytesPerPixel }

    private func takePortion() -> [Rectangle] {
        var result: [Rectangle] = []
        var room = Self.portion
        while room > 0, let rectangle = rest.popLast() {
            let rowBytes = rectangle.width * bytesPerPixel
            let rows = min(rectangle.height, max(1, room / rowBytes))
            result.append(Rectangle(x: rectangle.x, y: rectangle.y, width: rectangle.width, height: rows))
            room -= rows * rowBytes
            if rows < rectangle.height {
                rest.append(
                    Rectangle(
                        x: rectangle.x,
                        y: rectangle.y + rows,
                        width: rectangle.width,
                        height: rectangle.height - rows
                    )
                )
            }
        }
        return result
    }

    /// Where a row of the target is in its memory, from byte `x` on.
    private func place(_ rectangle: Rectangle, row: Int) -> Int {
        target.offset + (rectangle.y + row) * target.layout.stride + rectangle.x * bytesPerPixel
    }

    /// The same in the frame.
    private func source(_ rectangle: Rectangle, row: Int) -> Int {
        (corner.y + rectangle.y + row) * layout.stride + (corner.x + rectangle.x) * bytesPerPixel
    }

    private func write(_ rectangles: [Rectangle], to file: ClientFile) throws(SystemError) {
        for rectangle in rectangles {
            let rowBytes = rectangle.width * bytesPerPixel
            let end = place(rectangle, row: rectangle.height - 1) + rowBytes
            try file.descriptor.checkWritableInPlace(upTo: Int64(end))
            // Whole rows of both are one piece of memory.
            let isWhole = rowBytes == layout.stride && rowBytes == target.layout.stride
            let step = isWhole ? rectangle.height : 1
            for row in stride(from: 0, to: rectangle.height, by: step) {
                try write(
                    step * rowBytes,
                    from: source(rectangle, row: row),
                    to: Int64(place(rectangle, row: row)),
                    of: file
                )
            }
        }
    }

    private func write(_ count: Int, from start: Int, to offset: Int64, of file: ClientFile) throws(SystemError) {
        let result = pixels.withBytes { bytes -> Result<Void, SystemError> in
            do throws(SystemError) {
                return .success(try file.descriptor.pwrite(bytes.extracting(start..<start + count), at: offset))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func write(_ rectangles: [Rectangle], to shared: DmabufMemory.Shared) throws(SystemError) {
        var mapping = try WritableMapping(shared.buffer.descriptor, length: shared.buffer.size)
        do throws(DeviceError) {
            try shared.buffer.withAccess(.write) {
                for rectangle in rectangles {
                    for row in 0..<rectangle.height { copy(rectangle, row: row, to: &mapping) }
                }
            }
        } catch {
            throw SystemError(call: error.request, errno: error.errno)
        }
    }

    private func copy(_ rectangle: Rectangle, row: Int, to mapping: inout WritableMapping) {
        let count = rectangle.width * bytesPerPixel
        let (start, place) = (source(rectangle, row: row), place(rectangle, row: row))
        pixels.withBytes { bytes in
            mapping.withMutableBytes(in: place..<place + count) { target in
                unsafe bytes.extracting(start..<start + count).withUnsafeBytes { from in
                    unsafe target.withUnsafeMutableBytes { to in unsafe to.copyMemory(from: from) }
                }
            }
        }
    }
}
