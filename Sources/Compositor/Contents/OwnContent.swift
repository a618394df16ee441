internal import Pixels

/// Pixels that the compositor has drawn itself.
final class OwnContent: PixelContent {
    private let bytes: [UInt8]

    /// `layout.byteCount` bytes.
    init(_ bytes: [UInt8], _ layout: PixelLayout) {
        self.bytes = bytes
        super.init(layout: layout)
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
    }
}
