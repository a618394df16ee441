internal import Pixels

/// Pixels that any thread can draw. What it takes to keep them as they are is a ``SurfaceContent``'s business.
protocol PixelSource: Sendable {
    /// In buffer pixels.
    var size: Size { get }
    /// Whether nothing behind it ever shines through.
    var isOpaque: Bool { get }
    /// Whether it is memory that somebody else can make us wait for, or fill anew page by page.
    var isShared: Bool { get }
    /// How many of the pages that show aren't there, where it is memory of somebody whose pages are worth counting.
    /// `clip` isn't empty, and lies in the placement's destination.
    func missingPages(_ placement: Placement, clip: Rectangle) -> Int
    /// How much work a pixel of it is there; see ``Painter/effort(_:_:)-(PixelLayout,_)``.
    func effort(_ placement: Placement) -> Int
    /// What of a region a picture shows as drawing these pixels there would; see ``Painter``.
    func unchanged(in picture: RawSpan, _ layout: PixelLayout, placement: Placement, region: Region) -> Region
    /// Draws it onto a target of ``PixelFormat/xrgb8888``, whose pixels `clip` and `opaque` are in; see ``Painter``.
    /// False where the pixels can't be had, and nothing was drawn.
    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) -> Bool
}

extension PixelSource {
    func missingPages(_ placement: Placement, clip: Rectangle) -> Int { 0 }
    func effort(_ placement: Placement) -> Int { 1 }
    func unchanged(in picture: RawSpan, _ layout: PixelLayout, placement: Placement, region: Region) -> Region {
        Region()
    }
}

/// Pixels whose channels lie side by side, in rows.
struct PixelRows: PixelSource {
    /// Where they are.
    let storage: PixelStorage
    /// Size, rows and format; the storage holds so much.
    let layout: PixelLayout

    init(_ storage: PixelStorage, _ layout: PixelLayout) {
        self.storage = storage
        self.layout = layout
    }

    var size: Size { layout.size }

    var isOpaque: Bool { !layout.format.hasAlpha }

    var isShared: Bool { storage.isShared }

    func missingPages(_ placement: Placement, clip: Rectangle) -> Int {
        storage.missingPages(rows: Painter.rows(of: layout.size, placement, shownIn: clip), stride: layout.stride)
    }

    func effort(_ placement: Placement) -> Int { Painter.effort(layout, placement) }

    func unchanged(in picture: RawSpan, _ layout: PixelLayout, placement: Placement, region: Region) -> Region {
        storage.withBytes { source in
            Painter.unchanged(source, self.layout, in: picture, layout, placement: placement, region: region)
        } ?? Region()
    }

    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) -> Bool {
        let drawn: Void? = storage.withBytes { source in
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
        return drawn != nil
    }
}

/// One pixel, which fills whatever it is drawn into, however large that is.
struct SolidColor: PixelSource {
    private let pixel: PixelRows

    /// The colour is multiplied by alpha.
    init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8) {
        let format = alpha == 255 ? PixelFormat.xrgb8888 : .argb8888
        let layout = PixelLayout(size: Size(width: 1, height: 1), stride: 4, format: format)!
        pixel = PixelRows(.bytes([blue, green, red, alpha]), layout)
    }

    /// An opaque one, as 0xRRGGBB.
    init(_ color: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: color >> 16),
            green: UInt8(truncatingIfNeeded: color >> 8),
            blue: UInt8(truncatingIfNeeded: color),
            alpha: 255
        )
    }

    var size: Size { pixel.size }

    var isOpaque: Bool { pixel.isOpaque }

    var isShared: Bool { false }

    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) -> Bool {
        let clip = clip.intersection(placement.destination).intersection(targetLayout.size.bounds)
        if clip.isEmpty { return true }
        // It is the same everywhere.
        let everywhere = Placement(destination: clip.bounds)
        return pixel.draw(onto: &target, targetLayout, placement: everywhere, clip: clip, opaque: opaque)
    }
}
