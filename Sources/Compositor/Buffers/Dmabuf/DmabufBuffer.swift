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

/// Pixels in a client's dma-bufs, looked at where they are, while it is the CPU's turn.
final class DmabufContent: SurfaceContent {
    private let planes: [DmabufBuffer.Plane]
    private let picture: DmabufPicture
    private let access: DmabufAccess
    private let charge: Charge

    init(
        _ planes: [DmabufBuffer.Plane],
        _ picture: DmabufPicture,
        access: DmabufAccess,
        charge: consuming Charge
    ) {
        self.planes = planes
        self.picture = picture
        self.access = access
        self.charge = charge
        super.init(size: picture.size, isOpaque: picture.isOpaque)
        becomeUnready()
        access.onBegin = { [weak self] in self?.becomeReady() }
    }

    deinit {
        access.end()
    }

    override func canDraw(_ placement: Placement) -> Bool {
        switch picture {
        case .pixels(let layout): Painter.canDraw(layout, placement)
        case .yuv(let layout): Painter.canDraw(layout, placement)
        }
    }

    override func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) {
        switch picture {
        case .pixels(let layout):
            withBytes(of: 0) { source in
                Painter.draw(
                    source,
                    layout,
                    onto: &target,
                    targetLayout,
                    placement: placement,
                    clip: clip,
                    opaque: opaque
                )
            }
        case .yuv(let layout):
            withBytes(of: 0) { first in
                withBytes(of: 1) { second in
                    withBytes(of: 2) { third in
                        Painter.draw(
                            first,
                            second: second,
                            third: third,
                            layout,
                            onto: &target,
                            targetLayout,
                            placement: placement,
                            clip: clip
                        )
                    }
                }
            }
        }
    }

    /// Lends a plane's bytes; none where there is no such plane.
    func withBytes<R>(of plane: Int, _ body: (RawSpan) -> R) -> R {
        guard planes.indices.contains(plane) else { return body(RawSpan()) }
        return planes[plane].memory.withBytes(in: planes[plane].range, body)
    }
}
