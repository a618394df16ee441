internal import DirectRendering
internal import Pixels
internal import WaylandServer

/// A buffer whose planes are in one dma-buf or in several.
final class DmabufBuffer: ClientBuffer {
    /// Where a plane is.
    struct Plane {
        let memory: DmabufMemory
        /// The bytes that are looked at.
        let range: Range<Int>
    }

    private let planes: [Plane]
    private let picture: DmabufPicture
    private unowned let devices: DmabufDevices

    init(
        resource: WlBuffer,
        planes: [Plane],
        picture: DmabufPicture,
        devices: DmabufDevices
    ) throws(ProtocolError) {
        self.planes = planes
        self.picture = picture
        self.devices = devices
        try super.init(resource: resource, size: picture.size)
    }

    override func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        let charge = try account.charge(planes.reduce(0) { $0 + $1.range.count }, of: .mappedBytes)
        // Planes often share a dma-buf, which needs its turn but once.
        var memories: [DmabufMemory] = []
        for plane in planes where !memories.contains(where: { $0 === plane.memory }) { memories.append(plane.memory) }
        let access = DmabufAccess(self, memories, devices: devices)
        let content = DmabufContent(planes, picture, access: access, charge: charge)
        try access.start(account: account)
        return content
    }
}

/// How a picture lies in the planes of a ``DmabufBuffer``.
enum DmabufPicture {
    case pixels(PixelLayout)
    case yuv(YUVLayout)

    /// Nil where a row doesn't fit into its stride, or the whole into 64 bits.
    init?(_ format: DmabufFormat, size: Size, strides: [Int]) {
        switch format {
        case .pixels(let format):
            guard let layout = PixelLayout(size: size, stride: strides[0], format: format) else { return nil }
            self = .pixels(layout)
        case .yuv(let format):
            // The protocol doesn't tell the matrix; nor do most clients.
            let matrix = ColorMatrix(defaultFor: size)
            guard let layout = YUVLayout(size: size, strides: strides, format: format, matrix: matrix) else {
                return nil
            }
            self = .yuv(layout)
        }
    }

    var size: Size {
        switch self {
        case .pixels(let layout): layout.size
        case .yuv(let layout): layout.size
        }
    }

    var isOpaque: Bool {
        switch self {
        case .pixels(let layout): !layout.format.hasAlpha
        case .yuv: true
        }
    }

    /// Bytes from a plane's first pixel to the end of its last one.
    func byteCount(plane: Int) -> Int {
        switch self {
        case .pixels(let layout): layout.byteCount
        case .yuv(let layout): layout.byteCount(plane: plane)
        }
    }
}
