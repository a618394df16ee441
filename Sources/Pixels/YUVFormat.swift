/// A format of eight-bit luma, one for each pixel, and chroma that two pixels of a row share, named by DRM's format
/// code.
///
/// Source: drm_fourcc.h. Where the width or the height is odd, the last pixel shares its chroma with nothing.
public struct YUVFormat: Hashable, Sendable, CustomStringConvertible {
    /// Where one component lies.
    struct Component: Hashable, Sendable {
        /// The plane, from 0.
        let plane: Int
        /// Bytes before the first one in a row.
        let offset: Int
        /// Bytes from one to the next.
        let step: Int
    }

    /// The DRM_FORMAT code: four letters, the first in the lowest byte.
    public let fourcc: UInt32
    /// As drm_fourcc.h has it, without DRM_FORMAT_.
    public let name: String
    /// How many separate pieces of memory hold it. Luma is in the first one.
    public let planeCount: Int
    /// One for each pixel.
    let y: Component
    /// Blue's chroma, Cb: one for two pixels.
    let u: Component
    /// Red's chroma, Cr: one for two pixels.
    let v: Component
    /// Whether two rows share their chroma too.
    let rowsShareChroma: Bool

    private init(
        _ code: String,
        _ name: String,
        y: (offset: Int, step: Int) = (0, 1),
        u: (plane: Int, offset: Int, step: Int),
        v: (plane: Int, offset: Int, step: Int),
        rowsShareChroma: Bool = false
    ) {
        fourcc = code.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        self.name = name
        planeCount = max(u.plane, v.plane) + 1
        self.y = Component(plane: 0, offset: y.offset, step: y.step)
        self.u = Component(plane: u.plane, offset: u.offset, step: u.step)
        self.v = Component(plane: v.plane, offset: v.offset, step: v.step)
        self.rowsShareChroma = rowsShareChroma
    }

    // MARK: One plane

    /// Bytes of luma, Cb, luma and Cr for each two pixels.
    public static let yuyv = YUVFormat("YUYV", "YUYV", y: (0, 2), u: (0, 1, 4), v: (0, 3, 4))
    /// Bytes of Cb, luma, Cr and luma for each two pixels.
    public static let uyvy = YUVFormat("UYVY", "UYVY", y: (1, 2), u: (0, 0, 4), v: (0, 2, 4))

    // MARK: Two planes

    /// Luma; bytes of Cb and Cr for each two by two pixels.
    public static let nv12 = YUVFormat("NV12", "NV12", u: (1, 0, 2), v: (1, 1, 2), rowsShareChroma: true)
    /// Luma; bytes of Cb and Cr for each two pixels.
    public static let nv16 = YUVFormat("NV16", "NV16", u: (1, 0, 2), v: (1, 1, 2))

    // MARK: Three planes

    /// Luma; Cb for each two by two pixels; Cr for each two by two pixels.
    public static let yuv420 = YUVFormat("YU12", "YUV420", u: (1, 0, 1), v: (2, 0, 1), rowsShareChroma: true)

    /// The name.
    public var description: String { name }

    /// The fewest bytes that a row of a plane takes in an image of `size`, whatever that is; Int.max where it is more.
    public func rowBytes(plane: Int, in size: Size) -> Int {
        precondition((0..<planeCount).contains(plane), "no such plane")
        let width = max(0, size.width)
        if plane != u.plane && plane != v.plane { return width }
        let (bytes, isMore) = Self.halfRoundedUp(width).multipliedReportingOverflow(by: u.step)
        return isMore ? Int.max : bytes
    }

    /// How many rows a plane has in an image of `size`, whatever that is.
    public func rows(plane: Int, in size: Size) -> Int {
        precondition((0..<planeCount).contains(plane), "no such plane")
        let height = max(0, size.height)
        return rowsShareChroma && plane != y.plane ? Self.halfRoundedUp(height) : height
    }

    /// The rows of a plane that hold some rows of pixels, from 0 on.
    public func rows(plane: Int, ofPixels rows: Range<Int>) -> Range<Int> {
        precondition((0..<planeCount).contains(plane) && rows.lowerBound >= 0, "no such plane, or no such rows")
        guard rowsShareChroma && plane != y.plane else { return rows }
        return rows.lowerBound / 2..<Self.halfRoundedUp(rows.upperBound)
    }

    private static func halfRoundedUp(_ count: Int) -> Int { count / 2 + count % 2 }
}

/// What luma and chroma mean as colours: which parts of them red and blue are.
///
/// Luma goes from 16 to 235 and chroma from 16 to 240, which is called limited range.
public enum ColorMatrix: Hashable, Sendable, CaseIterable {
    /// ITU-R BT.601, for television of 525 and 625 lines.
    case bt601
    /// ITU-R BT.709, for more lines.
    case bt709

    /// What players suppose of a picture that doesn't say: BT.709 from 1280 pixels a row or above 576 rows.
    public init(defaultFor size: Size) {
        self = size.width >= 1280 || size.height > 576 ? .bt709 : .bt601
    }

    /// Red's and blue's part of luma; green has the rest.
    var parts: (red: Double, blue: Double) {
        switch self {
        case .bt601: (0.299, 0.114)
        case .bt709: (0.2126, 0.0722)
        }
    }
}

/// How an image of luma and chroma lies in memory.
public struct YUVLayout: Hashable, Sendable {
    /// Width and height in pixels; neither is 0.
    public let size: Size
    /// Bytes from one row to the next, for each plane.
    public let strides: [Int]
    /// Which planes there are, and what they hold.
    public let format: YUVFormat
    /// What colours they mean.
    public let matrix: ColorMatrix

    /// Nil where the size is empty, there isn't one stride for each plane, a row doesn't fit into its stride, or a
    /// plane into 64 bits.
    public init?(size: Size, strides: [Int], format: YUVFormat, matrix: ColorMatrix) {
        guard !size.isEmpty, strides.count == format.planeCount else { return nil }
        for (plane, stride) in strides.enumerated() {
            let rowBytes = format.rowBytes(plane: plane, in: size)
            let (_, overflow) = stride.multipliedReportingOverflow(by: format.rows(plane: plane, in: size))
            guard rowBytes < Int.max, stride >= rowBytes, !overflow else { return nil }
        }
        self.size = size
        self.strides = strides
        self.format = format
        self.matrix = matrix
    }

    /// Bytes of luma or chroma in a row of a plane.
    public func rowBytes(plane: Int) -> Int { format.rowBytes(plane: plane, in: size) }
    /// How many rows a plane has.
    public func rows(plane: Int) -> Int { format.rows(plane: plane, in: size) }
    /// Bytes from a plane's first byte to the last one that is needed. What follows the last row doesn't count.
    public func byteCount(plane: Int) -> Int { strides[plane] * (rows(plane: plane) - 1) + rowBytes(plane: plane) }
}
