/// How a video frame of luma and chroma lies in memory: NV12, in one piece.
///
/// Luma comes first, a byte for each pixel; then, from ``chromaOffset`` on, a byte of Cb and one of Cr for each two by
/// two pixels. Rows of both have the same stride. What is between the end of a row and the next one is never written.
///
/// Colours are those of ITU-R BT.709-6 in limited range: luma is 16 where it is black and 235 where it is white, chroma
/// is 16...240 with 128 for none, and belongs to the middle of its four pixels. ITU-T H.273 calls that
/// MatrixCoefficients 1, VideoFullRangeFlag 0 and, of H.264 and H.265, chroma_sample_loc_type 1.
public struct NV12Layout: Hashable, Sendable {
    /// Width and height in pixels: even numbers, and neither is 0.
    public let size: Size
    /// Bytes from one row to the next, of luma and of chroma: a multiple of 64.
    public let stride: Int
    /// Bytes from the start to the first row of chroma.
    public let chromaOffset: Int
    /// Bytes of luma and chroma together.
    public let byteCount: Int

    /// Width and height in pixels, each rounded up to an even number. Nil where one of them is less than 1, or the
    /// whole doesn't fit into 63 bits.
    public init?(width: Int, height: Int) {
        guard width > 0, height > 0, width <= Int.max - 64, height < Int.max else { return nil }
        size = Size(width: width + width % 2, height: height + height % 2)
        stride = (width + 63) / 64 * 64
        let (luma, lumaOverflow) = stride.multipliedReportingOverflow(by: size.height)
        let (whole, overflow) = luma.addingReportingOverflow(luma / 2)
        guard !lumaOverflow, !overflow else { return nil }
        chromaOffset = luma
        byteCount = whole
    }

    /// Width in pixels, an even number.
    public var width: Int { size.width }
    /// Height in pixels, an even number.
    public var height: Int { size.height }

    /// Bytes of the same picture as I420 without gaps; see ``copyAsI420(_:to:)``.
    public var i420ByteCount: Int { size.width * size.height / 2 * 3 }

    /// The smallest rectangle of whole squares of two by two pixels that holds the part of `rectangle`, whatever that
    /// is, that lies in the picture.
    func squares(_ rectangle: Rectangle) -> Rectangle {
        /// The pixels from `start` on, within a picture of so many.
        func range(_ start: Int, _ count: Int, in end: Int) -> Range<Int> {
            let (sum, overflow) = start.addingReportingOverflow(max(0, count))
            let (first, last) = (max(0, min(start, end)), overflow ? end : max(0, min(sum, end)))
            return first < last ? first / 2 * 2..<(last + 1) / 2 * 2 : 0..<0
        }
        let x = range(rectangle.x, rectangle.width, in: size.width)
        let y = range(rectangle.y, rectangle.height, in: size.height)
        if x.isEmpty || y.isEmpty { return Rectangle(x: 0, y: 0, width: 0, height: 0) }
        return Rectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
    }
}

/// Why a picture isn't converted. Nothing was written then.
public enum NV12Error: Error, Hashable, CustomStringConvertible {
    /// The memory that is read has fewer bytes than its layout says.
    case shortSource(byteCount: Int, needed: Int)
    /// The memory that is written has fewer bytes than its layout says.
    case shortTarget(byteCount: Int, needed: Int)
    /// The source's pixels are other ones than XRGB8888 and ARGB8888.
    case sourceFormat(PixelFormat)

    /// What is wrong, and by how much.
    public var description: String {
        switch self {
        case .shortSource(let byteCount, let needed):
            "the source has \(byteCount) bytes, and its layout says \(needed)"
        case .shortTarget(let byteCount, let needed):
            "the target has \(byteCount) bytes, and \(needed) are needed"
        case .sourceFormat(let format):
            "the source is \(format), and has to be XRGB8888"
        }
    }
}
