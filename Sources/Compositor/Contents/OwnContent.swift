internal import Pixels

/// Pixels that the compositor draws itself, in XRGB8888, when they are seen for the first time.
final class OwnContent: PixelContent {
    private var bytes: [UInt8] = []
    private var draw: ((inout MutableRawSpan, PixelLayout) -> Void)?

    /// Lets `draw` fill a picture of `size`, which is black at first.
    init(size: Size, draw: @escaping (inout MutableRawSpan, PixelLayout) -> Void) {
        self.draw = draw
        super.init(layout: PixelLayout(size: size, stride: size.width * 4, format: .xrgb8888)!)
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        if let draw {
            self.draw = nil
            bytes = [UInt8](repeating: 0, count: layout.byteCount)
            unsafe bytes.withUnsafeMutableBytes { buffer in
                var span = unsafe buffer.mutableBytes
                draw(&span, layout)
            }
        }
        return unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
    }
}
