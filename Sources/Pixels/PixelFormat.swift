/// How a pixel's channels lie in memory, named by DRM's format code.
///
/// Source: drm_fourcc.h; the names count from the highest bits of a little-endian number.
public struct PixelFormat: Hashable, Sendable, CustomStringConvertible {
    /// The DRM_FORMAT code: four letters, the first in the lowest byte.
    public let fourcc: UInt32
    /// As drm_fourcc.h has it, without DRM_FORMAT_.
    public let name: String
    /// Bytes from one pixel to the next.
    public let bytesPerPixel: Int
    /// Whether pixels can be transparent. Colours are multiplied by alpha then.
    public let hasAlpha: Bool

    private init(_ code: String, _ name: String, bytesPerPixel: Int, hasAlpha: Bool) {
        fourcc = code.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        self.name = name
        self.bytesPerPixel = bytesPerPixel
        self.hasAlpha = hasAlpha
    }

    /// Eight bits each of blue, green, red in memory, and a byte that means nothing.
    public static let xrgb8888 = PixelFormat("XR24", "XRGB8888", bytesPerPixel: 4, hasAlpha: false)
    /// Eight bits each of blue, green, red and alpha in memory.
    public static let argb8888 = PixelFormat("AR24", "ARGB8888", bytesPerPixel: 4, hasAlpha: true)

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
