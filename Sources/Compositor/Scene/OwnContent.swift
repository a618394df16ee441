internal import Pixels

/// Pixels that the compositor drew itself, in XRGB8888.
final class OwnContent: PixelContent {
    private var bytes: [UInt8]

    /// Lets `draw` fill a picture of `size`, which is black at first.
    init(size: Size, draw: (inout MutableRawSpan, PixelLayout) -> Void) {
        let layout = PixelLayout(size: size, stride: size.width * 4, format: .xrgb8888)!
        var pixels = [UInt8](repeating: 0, count: layout.byteCount)
        unsafe pixels.withUnsafeMutableBytes { buffer in
            var span = unsafe buffer.mutableBytes
            draw(&span, layout)
        }
        bytes = pixels
        super.init(layout: layout)
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
    }
}
