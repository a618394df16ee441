internal import Pixels

/// The pixels that a surface shows: what is left of a buffer after it was committed.
class SurfaceContent {
    /// Size in buffer pixels, rows, format.
    final let layout: PixelLayout

    init(layout: PixelLayout) {
        self.layout = layout
    }

    /// Lends the pixels, `layout.byteCount` bytes, for as long as `body` runs.
    func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        preconditionFailure("each kind of content has its own")
    }
}
