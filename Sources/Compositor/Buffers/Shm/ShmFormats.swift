internal import Pixels
internal import WaylandServer

extension BufferFormat {
    /// The format that a `wl_shm.format` means, if it is announced.
    init?(shm format: WlShm.Format) {
        guard let known = Self.all.first(where: { $0.shmFormat == format }) else { return nil }
        self = known
    }

    /// Two formats have numbers of wl_shm's own, the others are DRM's codes.
    var shmFormat: WlShm.Format {
        switch self {
        case .pixels(.argb8888): .argb8888
        case .pixels(.xrgb8888): .xrgb8888
        default: WlShm.Format(rawValue: fourcc)
        }
    }
}
