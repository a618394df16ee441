internal import CPixman

/// How a pixel's channels lie in memory, named by DRM's format code.
///
/// Source: drm_fourcc.h. The names count from the highest bits of a little-endian number, so that the last channel is
/// in the first byte; an X stands for bits that mean nothing.
public struct PixelFormat: Hashable, Sendable, CustomStringConvertible {
    /// The DRM_FORMAT code: four letters, the first in the lowest byte.
    public let fourcc: UInt32
    /// As drm_fourcc.h has it, without DRM_FORMAT_.
    public let name: String
    /// Bytes from one pixel to the next.
    public let bytesPerPixel: Int
    /// Whether pixels can be transparent. Colours are multiplied by alpha then.
    public let hasAlpha: Bool
    /// The same format in pixman.
    let pixman: pixman_format_code_t

    private init(
        _ code: String,
        _ name: String,
        _ pixman: pixman_format_code_t,
        bytesPerPixel: Int = 4,
        hasAlpha: Bool = false
    ) {
        fourcc = code.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        self.name = name
        self.bytesPerPixel = bytesPerPixel
        self.hasAlpha = hasAlpha
        self.pixman = pixman
    }

    // MARK: Eight bits a channel

    /// Bytes of blue, green, red, and one that means nothing.
    public static let xrgb8888 = PixelFormat("XR24", "XRGB8888", PIXMAN_x8r8g8b8)
    /// Bytes of blue, green, red and alpha.
    public static let argb8888 = PixelFormat("AR24", "ARGB8888", PIXMAN_a8r8g8b8, hasAlpha: true)
    /// Bytes of red, green, blue, and one that means nothing.
    public static let xbgr8888 = PixelFormat("XB24", "XBGR8888", PIXMAN_x8b8g8r8)
    /// Bytes of red, green, blue and alpha.
    public static let abgr8888 = PixelFormat("AB24", "ABGR8888", PIXMAN_a8b8g8r8, hasAlpha: true)
    /// Bytes of blue, green and red.
    public static let rgb888 = PixelFormat("RG24", "RGB888", PIXMAN_r8g8b8, bytesPerPixel: 3)
    /// Bytes of red, green and blue.
    public static let bgr888 = PixelFormat("BG24", "BGR888", PIXMAN_b8g8r8, bytesPerPixel: 3)

    // MARK: Fewer

    /// Five, six and five bits of red, green and blue, with red in the highest ones.
    public static let rgb565 = PixelFormat("RG16", "RGB565", PIXMAN_r5g6b5, bytesPerPixel: 2)
    /// Five, six and five bits of blue, green and red, with blue in the highest ones.
    public static let bgr565 = PixelFormat("BG16", "BGR565", PIXMAN_b5g6r5, bytesPerPixel: 2)

    // MARK: More

    /// Ten bits each of red, green and blue under two that mean nothing.
    public static let xrgb2101010 = PixelFormat("XR30", "XRGB2101010", PIXMAN_x2r10g10b10)
    /// Ten bits each of red, green and blue under two of alpha.
    public static let argb2101010 = PixelFormat("AR30", "ARGB2101010", PIXMAN_a2r10g10b10, hasAlpha: true)
    /// Ten bits each of blue, green and red under two that mean nothing.
    public static let xbgr2101010 = PixelFormat("XB30", "XBGR2101010", PIXMAN_x2b10g10r10)
    /// Ten bits each of blue, green and red under two of alpha.
    public static let abgr2101010 = PixelFormat("AB30", "ABGR2101010", PIXMAN_a2b10g10r10, hasAlpha: true)

    /// The name.
    public var description: String { name }
}

/// How an image's pixels lie in memory.
public struct PixelLayout: Hashable, Sendable {
    /// Width and height in pixels; neither is 0.
    public let size: Size
    /// Bytes from one row to the next.
    public let stride: Int
    /// How a pixel looks.
    public let format: PixelFormat

    /// Nil where the size is empty, a row doesn't fit into the stride, or the whole into 64 bits.
    public init?(size: Size, stride: Int, format: PixelFormat) {
        let (row, rowOverflow) = size.width.multipliedReportingOverflow(by: format.bytesPerPixel)
        let (_, overflow) = stride.multipliedReportingOverflow(by: size.height)
        guard !size.isEmpty, !rowOverflow, !overflow, stride >= row else { return nil }
        self.size = size
        self.stride = stride
        self.format = format
    }

    /// Bytes of pixels in a row.
    public var rowBytes: Int { size.width * format.bytesPerPixel }
    /// Bytes from the first pixel to the end of the last one. What follows the last row's pixels doesn't count.
    public var byteCount: Int { stride * (size.height - 1) + rowBytes }
}
