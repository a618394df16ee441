internal import CPixelKernels

/// Draws images that are scaled, turned, or put together otherwise than the target.
///
/// Whole rows are made in the caches, and then copied or blended. What is looked at is what shows: the work goes by the
/// pixels that are drawn, and not by the image's size.
@unsafe
struct ImagePainter {
    let target: UnsafeMutableRawPointer
    let layout: PixelLayout

    /// Copies the image's colours to one part of the target, and blends it into another. Both lie within the
    /// placement's destination and the target.
    func draw(_ image: ImageRows, _ placement: Placement, copied: Region, blended: Region) {
        let sampling = unsafe Sampling(image.size, placement)
        let scratch = Scratch()
        copied.forEachRectangle { unsafe draw(image, sampling, $0, blends: false, scratch) }
        blended.forEachRectangle { unsafe draw(image, sampling, $0, blends: true, scratch) }
    }

    private func draw(
        _ image: ImageRows,
        _ sampling: Sampling,
        _ part: Rectangle,
        blends: Bool,
        _ scratch: Scratch
    ) {
        let canvas = unsafe Canvas(painter: self, part: part, blends: blends, scratch: scratch)
        if sampling.isSparse {
            unsafe drawSparse(image, sampling, canvas)
        } else if sampling.isTransposed {
            unsafe drawTransposed(image, sampling, part, blends: blends, scratch)
        } else if sampling.isEven {
            unsafe drawSquares(image, sampling, canvas)
        } else {
            unsafe drawSmooth(image, sampling, canvas)
        }
    }

    /// A part of the target, into which row by row is written.
    @unsafe
    private struct Canvas {
        let painter: ImagePainter
        let part: Rectangle
        let blends: Bool
        let scratch: Scratch

        /// Where `write` is to put the pixels of a row.
        func row(_ y: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
            let place = unsafe start(of: y)
            if unsafe blends {
                let pixels = unsafe scratch.bytes(.result, part.width * 4)
                unsafe write(pixels)
                unsafe signet_over_row(place, pixels, part.width, next(y))
            } else {
                unsafe write(place)
            }
        }

        /// How many bytes it is to the next row, if there is one.
        func next(_ y: Int) -> Int { unsafe y + 1 < part.maxY ? painter.layout.stride : 0 }

        func start(of y: Int) -> UnsafeMutableRawPointer {
            unsafe painter.target + y * painter.layout.stride + part.minX * 4
        }
    }

    // MARK: Turned

    /// So many pixels of the target are turned at once, in each direction: their image stays in the first cache.
    private static let tileSide = 64

    private func drawTransposed(
        _ image: ImageRows,
        _ sampling: Sampling,
        _ part: Rectangle,
        blends: Bool,
        _ scratch: Scratch
    ) {
        let side = unsafe Self.tileSide
        for top in stride(from: part.minY, to: part.maxY, by: side) {
            for left in stride(from: part.minX, to: part.maxX, by: side) {
                let tile = Rectangle(
                    x: left,
                    y: top,
                    width: min(side, part.maxX - left),
                    height: min(side, part.maxY - top)
                )
                let rows = sampling.x.pixels(for: tile.minX..<tile.maxX, asSquares: sampling.isEven)
                let columns = sampling.y.pixels(for: tile.minY..<tile.maxY, asSquares: sampling.isEven)
                if sampling.isUnscaled {
                    unsafe turn(image, rows: rows, columns: columns, sampling, tile, blends: blends, scratch)
                    continue
                }
                let turned = unsafe transposed(image, rows: rows, columns: columns, scratch)
                let inside = sampling.within(columns: rows, rows: columns)
                unsafe draw(turned, inside, tile, blends: blends, scratch)
            }
        }
    }

    /// Each pixel of some rows and columns of the image becomes one of the tile.
    private func turn(
        _ image: ImageRows,
        rows: Range<Int>,
        columns: Range<Int>,
        _ sampling: Sampling,
        _ tile: Rectangle,
        blends: Bool,
        _ scratch: Scratch
    ) {
        var source = unsafe pixels(image, rows: rows, columns: columns, scratch)
        if !sampling.x.isForward {
            unsafe source = (source.pointer + (rows.count - 1) * source.stride, -source.stride)
        }
        let place = unsafe target + tile.minY * layout.stride + tile.minX * 4
        let turned = unsafe blends ? scratch.bytes(.turned, tile.width * tile.height * 4) : place
        let stride = unsafe blends ? tile.width * 4 : layout.stride
        let last = unsafe turned + (tile.height - 1) * stride
        let (first, step) = unsafe sampling.y.isForward ? (turned, stride) : (last, -stride)
        unsafe signet_transpose(first, step, source.pointer, source.stride, columns.count, rows.count)
        guard blends else { return }
        for row in 0..<tile.height {
            let next = unsafe row + 1 < tile.height ? layout.stride : 0
            unsafe signet_over_row(place + row * layout.stride, turned + row * stride, tile.width, next)
        }
    }

    /// A part of an image, where it lies or converted.
    private func pixels(
        _ image: ImageRows,
        rows: Range<Int>,
        columns: Range<Int>,
        _ scratch: Scratch
    ) -> (pointer: UnsafeRawPointer, stride: Int) {
        if let pixels = unsafe image.pixels(row: rows.lowerBound, column: columns.lowerBound) { return unsafe pixels }
        let stride = columns.count * 4
        let converted = unsafe scratch.bytes(.block, rows.count * stride)
        for (index, row) in rows.enumerated() {
            unsafe image.read(row: row, columns: columns, into: converted + index * stride)
        }
        return (UnsafeRawPointer(converted), stride)
    }

    /// A part of an image, whose rows become columns.
    private func transposed(
        _ image: ImageRows,
        rows: Range<Int>,
        columns: Range<Int>,
        _ scratch: Scratch
    ) -> ImageRows {
        let stride = rows.count * 4
        let result = unsafe scratch.bytes(.turned, columns.count * stride)
        let source = unsafe pixels(image, rows: rows, columns: columns, scratch)
        unsafe signet_transpose(result, stride, source.pointer, source.stride, columns.count, rows.count)
        return unsafe ImageRows(result, stride: stride, size: Size(width: rows.count, height: columns.count))
    }

    // MARK: Squares

    private func drawSquares(_ image: ImageRows, _ sampling: Sampling, _ canvas: Canvas) {
        let (part, scratch) = unsafe (canvas.part, canvas.scratch)
        let (factor, copy) = (sampling.x.factor, sampling.x.copy(at: part.minX))
        let columns = sampling.x.pixels(for: part.minX..<part.maxX, asSquares: true)
        var last: Int?
        for y in part.minY..<part.maxY {
            let row = sampling.y.pixel(at: y)
            if row == last, unsafe !canvas.blends {
                unsafe canvas.start(of: y).copyMemory(from: canvas.start(of: y - 1), byteCount: part.width * 4)
                continue
            }
            last = row
            if sampling.x.isForward, factor == 1 {
                if unsafe canvas.blends, let pixels = unsafe image.pixels(row: row, column: columns.lowerBound) {
                    unsafe signet_over_row(canvas.start(of: y), pixels.pointer, part.width, canvas.next(y))
                } else {
                    unsafe canvas.row(y) { unsafe image.read(row: row, columns: columns, into: $0) }
                }
                continue
            }
            let pixels = unsafe self.pixels(image, row: row, columns, scratch, .upper)
            unsafe canvas.row(y) { result in
                if sampling.x.isForward {
                    unsafe signet_enlarge(result, pixels, factor, copy, part.width)
                } else if factor == 1 {
                    unsafe signet_mirror(result, pixels, part.width)
                } else {
                    let mirrored = unsafe scratch.bytes(.mirrored, columns.count * 4)
                    unsafe signet_mirror(mirrored, pixels, columns.count)
                    unsafe signet_enlarge(result, mirrored, factor, copy, part.width)
                }
            }
        }
    }

    /// Some pixels of a row: where they lie, or converted.
    private func pixels(
        _ image: ImageRows,
        row: Int,
        _ columns: Range<Int>,
        _ scratch: Scratch,
        _ use: Scratch.Use
    ) -> UnsafeRawPointer {
        if let pixels = unsafe image.pixels(row: row, column: columns.lowerBound) { return unsafe pixels.pointer }
        let converted = unsafe scratch.bytes(use, columns.count * 4)
        unsafe image.read(row: row, columns: columns, into: converted)
        return UnsafeRawPointer(converted)
    }

    // MARK: Interpolated

    private func drawSmooth(_ image: ImageRows, _ sampling: Sampling, _ canvas: Canvas) {
        // There is no right neighbour.
        if unsafe image.size.width == 1 { return unsafe drawSparse(image, sampling, canvas) }
        let (part, scratch) = unsafe (canvas.part, canvas.scratch)
        let first = sampling.x.position(at: part.minX)
        let columns = unsafe Self.columns(sampling.x, part, image.size.width)
        let start = first &- Int64(columns.lowerBound) << 32
        let taps = unsafe scratch.bytes(.taps, part.width * MemoryLayout<signet_tap>.stride)
            .assumingMemoryBound(to: signet_tap.self)
        unsafe signet_find(taps, start, sampling.x.step, part.width, columns.count)
        let halves = sampling.halves && start == 1 << 31 && columns.count == 2 * part.width
        var above: (row: Int, pixels: UnsafeRawPointer)?
        var below: (row: Int, pixels: UnsafeRawPointer)?
        for y in part.minY..<part.maxY {
            let weight = unsafe Self.weight(sampling.y.position(at: y))
            let (upper, lower) = unsafe Self.rows(sampling.y, y)
            // What was converted for the row before serves for this one too, each in its own memory.
            if unsafe below?.row == upper { unsafe swap(&above, &below) }
            if unsafe above?.row != upper {
                let use: Scratch.Use = unsafe below?.pixels == scratch.known(.upper) ? .lower : .upper
                unsafe above = (upper, pixels(image, row: upper, columns, scratch, use))
            }
            if upper == lower {
                unsafe below = above
            } else if unsafe below?.row != lower {
                let use: Scratch.Use = unsafe above?.pixels == scratch.known(.upper) ? .lower : .upper
                unsafe below = (lower, pixels(image, row: lower, columns, scratch, use))
            }
            let (top, bottom) = unsafe (above!.pixels, below!.pixels)
            var next = 0
            if y + 1 < part.maxY, let stride = unsafe image.stride {
                unsafe next = (Self.rows(sampling.y, y + 1).upper - upper) * stride
            }
            unsafe canvas.row(y) { result in
                if halves, weight == 64 {
                    unsafe signet_halve(result, top, bottom, part.width, next)
                } else {
                    unsafe signet_interpolate(result, top, bottom, columns.count, weight, taps, part.width, next)
                }
            }
        }
    }

    /// The columns of an image that show in a part of the target, and their right neighbours: two at least.
    private static func columns(_ axis: Sampling.Axis, _ part: Rectangle, _ width: Int) -> Range<Int> {
        let columns = axis.pixels(for: part.minX..<part.maxX, asSquares: false)
        if columns.count > 1 { return columns }
        let first = min(columns.lowerBound, width - 2)
        return first..<first + 2
    }

    /// The two rows of an image that a row of the target is in between.
    private static func rows(_ axis: Sampling.Axis, _ y: Int) -> (upper: Int, lower: Int) {
        let position = axis.position(at: y)
        let row = Int(position >> 32)
        return (axis.clamped(row), axis.clamped(unsafe weight(position) == 0 ? row : row + 1))
    }

    /// How much of the right or lower one of two neighbours there is in between, in 128ths.
    private static func weight(_ position: Int64) -> UInt32 { UInt32(truncatingIfNeeded: position >> 25) & 127 }

    // MARK: Few of many

    /// Looks at four pixels for each of the target's, or at one where it is a square's.
    private func drawSparse(_ image: ImageRows, _ sampling: Sampling, _ canvas: Canvas) {
        let (part, scratch) = unsafe (canvas.part, canvas.scratch)
        let upper = unsafe scratch.bytes(.upper, part.width * 8)
        let lower = unsafe scratch.bytes(.lower, part.width * 8)
        let taps = unsafe scratch.bytes(.taps, part.width * MemoryLayout<signet_tap>.stride)
            .assumingMemoryBound(to: signet_tap.self)
        unsafe signet_find_apart(taps, sampling.x.position(at: part.minX), sampling.x.step, part.width)
        for y in part.minY..<part.maxY {
            let position = sampling.y.position(at: y)
            let line = sampling.isEven ? sampling.y.pixel(at: y) : Int(position >> 32)
            for below in 0...1 {
                let pixels = unsafe below == 0 ? upper : lower
                let line = sampling.y.clamped(line + (sampling.isEven ? 0 : below))
                for index in 0..<part.width {
                    let x = part.minX + index
                    let place = sampling.isEven ? sampling.x.pixel(at: x) : Int(sampling.x.position(at: x) >> 32)
                    for next in 0...1 {
                        let along = sampling.x.clamped(place + (sampling.isEven ? 0 : next))
                        let (row, column) = sampling.isTransposed ? (along, line) : (line, along)
                        let pixel = unsafe pixels + index * 8 + next * 4
                        unsafe image.read(row: row, columns: column..<column + 1, into: pixel)
                    }
                }
            }
            let weight = unsafe Self.weight(position)
            unsafe canvas.row(y) {
                unsafe signet_interpolate($0, upper, lower, part.width * 2, weight, taps, part.width, 0)
            }
        }
    }

    // MARK: Memory

    /// Memory that is used again for each row.
    @safe
    private final class Scratch {
        enum Use: Int, CaseIterable {
            case result, turned, block, upper, lower, mirrored, taps
        }

        private var parts: [UnsafeMutableRawBufferPointer?] = unsafe Array(repeating: nil, count: Use.allCases.count)

        deinit {
            for use in Use.allCases { unsafe parts[use.rawValue]?.deallocate() }
        }

        /// So many bytes for one use; what was there before may be gone.
        @unsafe
        func bytes(_ use: Use, _ count: Int) -> UnsafeMutableRawPointer {
            if let part = unsafe parts[use.rawValue], part.count >= count { return part.baseAddress! }
            unsafe parts[use.rawValue]?.deallocate()
            let new = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1 << 12), alignment: 32)
            unsafe parts[use.rawValue] = new
            return new.baseAddress!
        }

        /// Where those bytes are, if there are any.
        @unsafe
        func known(_ use: Use) -> UnsafeRawPointer? {
            unsafe parts[use.rawValue].map { UnsafeRawPointer($0.baseAddress!) }
        }
    }
}
