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
    enum Memory {
        /// Drawn by ourselves.
        case bytes([UInt8])
        /// Read from a client's file.
        case copy(PixelMemory)
        /// A client's own.
        case mapping(MappedMemory, Range<Int>)
    }

    let memory: Memory
    /// Size, rows and format; the memory holds so much.
    let layout: PixelLayout

    init(_ memory: Memory, _ layout: PixelLayout) {
        self.memory = memory
        self.layout = layout
    }

    var size: Size { layout.size }

    var isOpaque: Bool { !layout.format.hasAlpha }

    var isShared: Bool {
        if case .mapping = memory { return true }
        return false
    }

    func missingPages(_ placement: Placement, clip: Rectangle) -> Int {
        guard case .mapping(let memory, let range) = memory, memory.isWatched else { return 0 }
        let rows = Painter.rows(of: layout.size, placement, shownIn: clip)
        let start = range.lowerBound + rows.lowerBound * layout.stride
        return memory.missingPages(in: start..<min(range.upperBound, start + rows.count * layout.stride))
    }

    func effort(_ placement: Placement) -> Int { Painter.effort(layout, placement) }

    func unchanged(in picture: RawSpan, _ layout: PixelLayout, placement: Placement, region: Region) -> Region {
        withBytes { source in
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
        let drawn: Void? = withBytes { source in
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

    /// Lends the bytes; nil where they can't be had.
    func withBytes<R>(_ body: (RawSpan) -> R) -> R? {
        switch memory {
        case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
        case .copy(let memory): memory.withBytes(body)
        case .mapping(let memory, let range): memory.withBytes(in: range, body)
        }
    }
}

/// Luma and chroma, in the planes of a dma-buf or of several.
struct YUVPlanes: PixelSource {
    /// Where they are; as many as the format has.
    let planes: [(memory: MappedMemory, range: Range<Int>)]
    /// Size, rows and format; the planes hold so much.
    let layout: YUVLayout

    var size: Size { layout.size }

    var isOpaque: Bool { true }

    var isShared: Bool { true }

    func effort(_ placement: Placement) -> Int { Painter.effort(layout, placement) }

    func draw(
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region
    ) -> Bool {
        var isDrawn = false
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
                    isDrawn = true
                }
            }
        }
        return isDrawn
    }

    /// Lends a plane's bytes, none where there is no such plane; doesn't where they can't be had.
    private func withBytes(of plane: Int, _ body: (RawSpan) -> Void) {
        guard planes.indices.contains(plane) else { return body(RawSpan()) }
        planes[plane].memory.withBytes(in: planes[plane].range, body)
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
