internal import Pixels

/// Pixels in a client's dma-bufs, looked at where they are, while it is the CPU's turn.
final class DmabufContent: SurfaceContent {
    private let planes: [DmabufBuffer.Plane]
    private let access: DmabufAccess
    private let charge: Charge

    init(
        _ planes: [DmabufBuffer.Plane],
        _ picture: DmabufPicture,
        access: DmabufAccess,
        charge: consuming Charge
    ) {
        self.planes = planes
        self.access = access
        self.charge = charge
        super.init(size: picture.size, isOpaque: picture.isOpaque)
        let source: any PixelSource =
            switch picture {
            case .pixels(let layout): PixelRows(.mapping(planes[0].memory.mapped, planes[0].range), layout)
            case .yuv(let layout): YUVPlanes(planes: planes.map { ($0.memory.mapped, $0.range) }, layout: layout)
            }
        access.onBegin = { [weak self] in self?.becomeReady(source) }
    }

    deinit {
        access.end()
    }
}
