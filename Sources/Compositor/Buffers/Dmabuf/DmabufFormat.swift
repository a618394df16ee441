internal import Pixels

/// A format that dma-bufs can have, by DRM's code.
enum DmabufFormat {
    case pixels(PixelFormat)
    case yuv(YUVFormat)

    /// What is announced: the formats that are drawn right, the most common ones first.
    static let all =
        PixelFormat.shmFormats.map { DmabufFormat.pixels($0) }
        + [.nv12, .yuyv, .uyvy, .nv16, .yuv420].map { DmabufFormat.yuv($0) }

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

/// The layouts that there are. A client may leave the choice to the kernel; then it is taken to be linear too.
enum DmabufModifier {
    /// DRM_FORMAT_MOD_LINEAR: rows from the top down, pixels from left to right.
    static let linear: UInt64 = 0
    /// DRM_FORMAT_MOD_INVALID: the layout isn't told.
    static let unspecified: UInt64 = 0x00ff_ffff_ffff_ffff

    static let all = [linear, unspecified]
}
