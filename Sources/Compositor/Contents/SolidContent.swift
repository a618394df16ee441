internal import Pixels

/// One pixel, which fills whatever it is drawn into, however large that is.
final class SolidContent: SurfaceContent {
    private let bytes: [UInt8]
    private let layout: PixelLayout

    /// The colour is multiplied by alpha.
    init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8) {
        bytes = [blue, green, red, alpha]
        let format = alpha == 255 ? PixelFormat.xrgb8888 : .argb8888
        layout = PixelLayout(size: Size(width: 1, height: 1), stride: 4, format: format)!
        super.init(size: layout.size, isOpaque: alpha == 255)
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

    override func canDraw(_ placement: Placement) -> Bool { true }

    override func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) {
        let clip = clip.intersection(placement.destination).intersection(targetLayout.size.bounds)
        if clip.isEmpty { return }
        unsafe bytes.withUnsafeBytes { bytes in
            Painter.draw(
                unsafe bytes.bytes,
                layout,
                onto: &target,
                targetLayout,
                // It is the same everywhere.
                placement: Placement(destination: clip.bounds),
                clip: clip,
                opaque: opaque
            )
        }
    }
}
