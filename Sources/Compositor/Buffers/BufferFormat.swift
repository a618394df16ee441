internal import Pixels

/// A format that clients' buffers can have, in shared memory and in dma-bufs, by DRM's code.
enum BufferFormat: Hashable, Sendable {
    case pixels(PixelFormat)
    case yuv(YUVFormat)

    private static let pixelFormats: [PixelFormat] = [
        .argb8888, .xrgb8888, .abgr8888, .xbgr8888, .rgb565, .bgr565, .rgb888, .bgr888,
        .argb2101010, .xrgb2101010, .abgr2101010, .xbgr2101010,
    ]
    private static let yuvFormats: [YUVFormat] = [.nv12, .yuyv, .uyvy, .nv16, .yuv420]

    /// What is announced: the formats that are drawn right, the most common ones first.
    static let all = pixelFormats.map { BufferFormat.pixels($0) } + yuvFormats.map { BufferFormat.yuv($0) }

    init?(fourcc: UInt32) {
        guard let known = Self.all.first(where: { $0.fourcc == fourcc }) else { return nil }
        self = known
    }

    /// Source: drm_fourcc.h.
    var fourcc: UInt32 {
        switch self {
        case .pixels(let format): format.fourcc
        case .yuv(let format): format.fourcc
        }
    }

    /// As drm_fourcc.h has it.
    var name: String {
        switch self {
        case .pixels(let format): format.name
        case .yuv(let format): format.name
        }
    }

    /// How many planes a buffer has.
    var planeCount: Int {
        switch self {
        case .pixels: 1
        case .yuv(let format): format.planeCount
        }
    }

    /// The fewest bytes that a row of a plane takes.
    func rowBytes(plane: Int, of size: Size) -> Int {
        switch self {
        case .pixels(let format): size.width * format.bytesPerPixel
        case .yuv(let format): format.rowBytes(plane: plane, in: size)
        }
    }
}
