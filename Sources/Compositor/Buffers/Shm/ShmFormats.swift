internal import Pixels
internal import WaylandServer

extension PixelFormat {
    /// What wl_shm announces: the formats that are drawn right, the most common ones first.
    static let shmFormats: [PixelFormat] = [
        .argb8888, .xrgb8888, .abgr8888, .xbgr8888, .rgb565, .bgr565, .rgb888, .bgr888,
        .argb2101010, .xrgb2101010, .abgr2101010, .xbgr2101010,
    ]

    /// The format that a `wl_shm.format` means, if it is announced.
    init?(shm format: WlShm.Format) {
        guard let known = Self.shmFormats.first(where: { $0.shmFormat == format }) else { return nil }
        self = known
    }

    /// Two formats have numbers of wl_shm's own, the others are DRM's codes.
    var shmFormat: WlShm.Format {
        switch self {
        case .argb8888: .argb8888
        case .xrgb8888: .xrgb8888
        default: WlShm.Format(rawValue: fourcc)
        }
    }
}
