internal import Pixels

/// What a surface shows: what is left of a buffer after it was committed.
///
/// There is a subclass for each way in which a picture can lie in memory.
class SurfaceContent {
    /// In buffer pixels.
    final let size: Size
    /// Whether nothing behind it ever shines through.
    final let isOpaque: Bool

    init(size: Size, isOpaque: Bool) {
        self.size = size
        self.isOpaque = isOpaque
    }

    /// Whether it can be drawn that way.
    func canDraw(_ placement: Placement) -> Bool {
        preconditionFailure("each kind of content has its own")
    }

    /// Draws it onto a target of ``PixelFormat/xrgb8888``, whose pixels `clip` and `opaque` are in; see ``Painter``.
    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) {
        preconditionFailure("each kind of content has its own")
    }
}
