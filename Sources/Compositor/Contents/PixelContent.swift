internal import Pixels

/// Content whose pixels have their channels side by side, in rows.
class PixelContent: SurfaceContent {
    /// Size, rows and format.
    final let layout: PixelLayout

    init(layout: PixelLayout) {
        self.layout = layout
        super.init(size: layout.size, isOpaque: !layout.format.hasAlpha)
    }

    /// Lends the pixels, `layout.byteCount` bytes, for as long as `body` runs.
    func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        preconditionFailure("each kind of content has its own")
    }

    final override func canDraw(_ placement: Placement) -> Bool { Painter.canDraw(layout, placement) }

    final override func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) {
        withPixels { source in
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
    }
}
