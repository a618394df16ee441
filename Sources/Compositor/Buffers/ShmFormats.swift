internal import Pixels
internal import WaylandServer

extension PixelFormat {
    /// What wl_shm announces: the formats that are drawn right, the most common ones first.
    static let shmFormats: [PixelFormat] = [
        .argb8888, .xrgb8888, .abgr8888, .xbgr8888, .rgb565, .bgr565, .rgb888, .bgr888,
        .argb2101010, .xrgb2101010, .abgr2101010, .xbgr2101010,
    ]

    /// The format that a `wl_shm.format` means, if it is announced. Two of them have numbers of their own, the others
    /// are DRM's codes.
    init?(shm format: WlShm.Format) {
        switch format {
        case .argb8888: self = .argb8888
        case .xrgb8888: self = .xrgb8888
        default:
            guard let known = Self.shmFormats.first(where: { $0.fourcc == format.rawValue }) else { return nil }
            self = known
        }
    }

    /// As ``init(shm:)`` takes it.
    var shmFormat: WlShm.Format {
        switch self {
        case .argb8888: .argb8888
        case .xrgb8888: .xrgb8888
        default: WlShm.Format(rawValue: fourcc)
        }
    }
}
