internal import CPixelKernels

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
    /// What converts it.
    let kernel: signet_pixel_format

    private init(
        _ code: String,
        _ name: String,
        _ kernel: signet_pixel_format,
        bytesPerPixel: Int = 4,
        hasAlpha: Bool = false
    ) {
        fourcc = code.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        self.name = name
        self.bytesPerPixel = bytesPerPixel
        self.hasAlpha = hasAlpha
        self.kernel = kernel
    }

    // MARK: Eight bits a channel

    /// Bytes of blue, green, red, and one that means nothing.
    public static let xrgb8888 = PixelFormat("XR24", "XRGB8888", SIGNET_ARGB8888)
    /// Bytes of blue, green, red and alpha.
    public static let argb8888 = PixelFormat("AR24", "ARGB8888", SIGNET_ARGB8888, hasAlpha: true)
    /// Bytes of red, green, blue, and one that means nothing.
    public static let xbgr8888 = PixelFormat("XB24", "XBGR8888", SIGNET_ABGR8888)
    /// Bytes of red, green, blue and alpha.
    public static let abgr8888 = PixelFormat("AB24", "ABGR8888", SIGNET_ABGR8888, hasAlpha: true)
    /// Bytes of blue, green and red.
    public static let rgb888 = PixelFormat("RG24", "RGB888", SIGNET_RGB888, bytesPerPixel: 3)
    /// Bytes of red, green and blue.
    public static let bgr888 = PixelFormat("BG24", "BGR888", SIGNET_BGR888, bytesPerPixel: 3)

    // MARK: Fewer

    /// Five, six and five bits of red, green and blue, with red in the highest ones.
    public static let rgb565 = PixelFormat("RG16", "RGB565", SIGNET_RGB565, bytesPerPixel: 2)
    /// Five, six and five bits of blue, green and red, with blue in the highest ones.
    public static let bgr565 = PixelFormat("BG16", "BGR565", SIGNET_BGR565, bytesPerPixel: 2)

    // MARK: More

    /// Ten bits each of red, green and blue under two that mean nothing.
    public static let xrgb2101010 = PixelFormat("XR30", "XRGB2101010", SIGNET_ARGB2101010)
    /// Ten bits each of red, green and blue under two of alpha.
    public static let argb2101010 = PixelFormat("AR30", "ARGB2101010", SIGNET_ARGB2101010, hasAlpha: true)
    /// Ten bits each of blue, green and red under two that mean nothing.
    public static let xbgr2101010 = PixelFormat("XB30", "XBGR2101010", SIGNET_ABGR2101010)
    /// Ten bits each of blue, green and red under two of alpha.
    public static let abgr2101010 = PixelFormat("AB30", "ABGR2101010", SIGNET_ABGR2101010, hasAlpha: true)

    /// The name.
    public var description: String { name }

    /// Whether colours can be copied into a target's pixels as they are.
    var liesLikeXRGB8888: Bool { self == .xrgb8888 || self == .argb8888 }
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
