internal import Pixels

/// One pixel, which fills whatever it is drawn into.
final class SolidContent: PixelContent {
    private let bytes: [UInt8]

    /// The colour is multiplied by alpha.
    init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8) {
        bytes = [blue, green, red, alpha]
        let format = alpha == 255 ? PixelFormat.xrgb8888 : .argb8888
        super.init(layout: PixelLayout(size: Size(width: 1, height: 1), stride: 4, format: format)!)
    }

    /// An opaque one, as 0xRRGGBB.
    convenience init(color: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: color >> 16),
            green: UInt8(truncatingIfNeeded: color >> 8),
            blue: UInt8(truncatingIfNeeded: color),
            alpha: 255
        )
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
    }
}
