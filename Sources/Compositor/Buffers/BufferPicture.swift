internal import Pixels

/// How a picture lies in the planes of a buffer.
enum BufferPicture: Hashable, Sendable {
    case pixels(PixelLayout)
    case yuv(YUVLayout)

    /// Nil where a row doesn't fit into its stride, or the whole into 64 bits.
    init?(_ format: BufferFormat, size: Size, strides: [Int]) {
        switch format {
        case .pixels(let format):
            guard let layout = PixelLayout(size: size, stride: strides[0], format: format) else { return nil }
            self = .pixels(layout)
        case .yuv(let format):
            // No protocol here tells the matrix; nor do most clients.
            let matrix = ColorMatrix(defaultFor: size)
            guard let layout = YUVLayout(size: size, strides: strides, format: format, matrix: matrix) else {
                return nil
            }
            self = .yuv(layout)
        }
    }

    var format: BufferFormat {
        switch self {
        case .pixels(let layout): .pixels(layout.format)
        case .yuv(let layout): .yuv(layout.format)
        }
    }

    var size: Size {
        switch self {
        case .pixels(let layout): layout.size
        case .yuv(let layout): layout.size
        }
    }

    var isOpaque: Bool {
        switch self {
        case .pixels(let layout): !layout.format.hasAlpha
        case .yuv: true
        }
    }

    /// Bytes of pixels in a row of a plane.
    func rowBytes(plane: Int) -> Int {
        switch self {
        case .pixels(let layout): layout.rowBytes
        case .yuv(let layout): layout.rowBytes(plane: plane)
        }
    }

    /// How many rows a plane has.
    func rows(plane: Int) -> Int { rows(plane: plane, ofPixels: 0..<size.height).count }

    /// The rows of a plane that hold some rows of pixels.
    func rows(plane: Int, ofPixels rows: Range<Int>) -> Range<Int> {
        switch self {
        case .pixels: rows
        case .yuv(let layout): layout.format.rows(plane: plane, ofPixels: rows)
        }
    }

    /// Bytes from a plane's first pixel to the end of its last one.
    func byteCount(plane: Int) -> Int {
        switch self {
        case .pixels(let layout): layout.byteCount
        case .yuv(let layout): layout.byteCount(plane: plane)
        }
    }
}
