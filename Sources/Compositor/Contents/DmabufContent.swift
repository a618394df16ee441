internal import Pixels

/// Pixels in a client's dma-bufs, looked at where they are, while it is the CPU's turn.
final class DmabufContent: SurfaceContent {
    private let planes: [DmabufBuffer.Plane]
    private let access: DmabufAccess
    private let charge: Charge

    init(
        _ planes: [DmabufBuffer.Plane],
        _ picture: BufferPicture,
        access: DmabufAccess,
        charge: consuming Charge
    ) {
        self.planes = planes
        self.access = access
        self.charge = charge
        super.init(size: picture.size, isOpaque: picture.isOpaque)
        let source = picture.source(planes.map { .mapping($0.memory.mapped, $0.range) })
        access.onBegin = { [weak self] in self?.becomeReady(source) }
    }

    deinit {
        access.end()
    }
}
