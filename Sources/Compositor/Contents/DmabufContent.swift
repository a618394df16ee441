internal import Pixels

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
