import ClientToolkit
import DirectRendering

/// How one of V4L2's formats is told to a compositor. The two name the same layouts differently, and V4L2 has names of
/// its own where planes are in buffers of their own.
struct PictureFormat: Sendable {
    /// A plane as the compositor sees it: in which of the buffers it is, where, and how far its rows are apart, in
    /// bytes.
    struct Plane {
        let buffer: Int
        let offset: Int
        let stride: Int
    }

    /// V4L2's four letters, as videodev2.h has them.
    let name: String
    /// DRM's code.
    let fourcc: UInt32
    /// Where the planes are in pictures of this size and stride.
    let planes: @Sendable (_ picture: VideoQueue.Format) -> [Plane]

    var pixelFormat: UInt32 { DRMFormat.code(name) }

    /// All that this client knows.
    static let all = [
        PictureFormat(name: "YUYV", fourcc: DRMFormat.code("YUYV"), planes: packed),
        PictureFormat(name: "UYVY", fourcc: DRMFormat.code("UYVY"), planes: packed),
        PictureFormat(name: "NV12", fourcc: DRMFormat.code("NV12"), planes: behindEachOther),
        PictureFormat(name: "NV16", fourcc: DRMFormat.code("NV16"), planes: behindEachOther),
        PictureFormat(name: "NM12", fourcc: DRMFormat.code("NV12"), planes: apart),
        PictureFormat(name: "NM16", fourcc: DRMFormat.code("NV16"), planes: apart),
        PictureFormat(name: "YM12", fourcc: DRMFormat.code("YU12"), planes: apart),
        PictureFormat(name: "XR24", fourcc: DRMFormat.code("XR24"), planes: packed),
    ]

    @Sendable private static func packed(_ picture: VideoQueue.Format) -> [Plane] {
        [Plane(buffer: 0, offset: 0, stride: picture.planes[0].stride)]
    }

    @Sendable private static func behindEachOther(_ picture: VideoQueue.Format) -> [Plane] {
        let stride = picture.planes[0].stride
        return [
            Plane(buffer: 0, offset: 0, stride: stride),
            Plane(buffer: 0, offset: stride * picture.height, stride: stride),
        ]
    }

    @Sendable private static func apart(_ picture: VideoQueue.Format) -> [Plane] {
        picture.planes.indices.map { Plane(buffer: $0, offset: 0, stride: picture.planes[$0].stride) }
    }
}
