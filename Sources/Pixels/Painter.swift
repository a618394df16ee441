/// Draws images into a target in memory.
///
/// Whole-number enlargements show each pixel as a square; other ratios are interpolated. Images and destinations can
/// be of any size: what is drawn, and what it costs, goes by the pixels in the clip. Spans are checked against their
/// layouts once a call, and nothing outside of the clip or the target is touched. The target's format is XRGB8888,
/// whose fourth byte has no meaning afterwards.
public enum Painter {
    /// Fills `region`, in pixels of the target, with one colour, as 0xRRGGBB, and the fourth byte with `alpha`. What is
    /// drawn over 0, where that is 0 too, becomes premultiplied ARGB8888, as long as all of it has alpha itself.
    public static func fill(
        _ target: inout MutableRawSpan,
        _ layout: PixelLayout,
        color: UInt32,
        alpha: UInt8 = 255,
        region: Region
    ) {
        check(target.byteCount, layout)
        unsafe target.withUnsafeMutableBytes { bytes in
            unsafe RowPainter(target: bytes.baseAddress!, layout: layout).fill(
                region.intersection(layout.size.bounds),
                color: color & 0xff_ffff | UInt32(alpha) << 24
            )
        }
    }

    /// Draws `source` over what is there.
    ///
    /// - Parameters:
    ///   - placement: where it goes.
    ///   - clip: what may be touched, in pixels of the target.
    ///   - opaque: where the source is known to be opaque, in pixels of the target; there it is copied. Sources whose
    ///     format has no alpha are opaque everywhere.
    public static func draw(
        _ source: RawSpan,
        _ sourceLayout: PixelLayout,
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region,
        opaque: Region = Region()
    ) {
        check(source.byteCount, sourceLayout)
        check(target.byteCount, targetLayout)
        let clip = clip.intersection(placement.destination).intersection(targetLayout.size.bounds)
        if clip.isEmpty { return }
        let isOpaque = !sourceLayout.format.hasAlpha
        let copied = isOpaque ? clip : clip.intersection(opaque)
        let blended = isOpaque ? Region() : clip.subtracting(opaque)
        unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { target in
                let (source, target) = (source.baseAddress!, target.baseAddress!)
                if placement.isUnscaled(sourceLayout.size), sourceLayout.format.liesLikeXRGB8888 {
                    let painter = unsafe RowPainter(target: target, layout: targetLayout)
                    let origin = placement.destination.origin
                    unsafe painter.copy(source, sourceLayout, to: origin, copied)
                    unsafe painter.over(source, sourceLayout, to: origin, blended)
                } else {
                    let painter = unsafe ImagePainter(target: target, layout: targetLayout)
                    let image = unsafe ImageRows(source, sourceLayout)
                    unsafe painter.draw(image, placement, copied: copied, blended: blended)
                }
            }
        }
    }

    /// Draws luma and chroma over what is there. They are opaque everywhere: colours are copied.
    ///
    /// Pixels that share their chroma get the same one, wherever in between it was taken. What is turned or scaled is
    /// converted first, row by row, and then drawn as XRGB8888 would be.
    ///
    /// - Parameters:
    ///   - first: the plane that the luma is in.
    ///   - second: the next plane, of formats that have two.
    ///   - third: the last plane, of formats that have three.
    ///   - placement: where it goes.
    ///   - clip: what may be touched, in pixels of the target.
    public static func draw(
        _ first: RawSpan,
        second: RawSpan = RawSpan(),
        third: RawSpan = RawSpan(),
        _ sourceLayout: YUVLayout,
        onto target: inout MutableRawSpan,
        _ targetLayout: PixelLayout,
        placement: Placement,
        clip: Region
    ) {
        for (plane, byteCount) in [first.byteCount, second.byteCount, third.byteCount].enumerated()
        where plane < sourceLayout.format.planeCount {
            check(byteCount, sourceLayout.byteCount(plane: plane))
        }
        check(target.byteCount, targetLayout)
        let clip = clip.intersection(placement.destination).intersection(targetLayout.size.bounds)
        if clip.isEmpty { return }
        unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                unsafe third.withUnsafeBytes { third in
                    unsafe target.withUnsafeMutableBytes { target in
                        let planes = unsafe [first.baseAddress, second.baseAddress, third.baseAddress]
                        let painter = unsafe ImagePainter(target: target.baseAddress!, layout: targetLayout)
                        let image = unsafe ImageRows(planes: planes, sourceLayout)
                        unsafe painter.draw(image, placement, copied: clip, blended: Region())
                    }
                }
            }
        }
    }

    /// Rows that look the same are worth telling apart where there are so many, one below the other.
    private static let rowsWorthTelling = 8
    /// So many rows of a rectangle are looked at first.
    private static let trialRows = 16

    /// What of a region looks as copying `source` there would make it: bands of rows, some of all there are. None where
    /// pixels aren't copied as they are, or a few rows of a rectangle are all different.
    ///
    /// - Parameters:
    ///   - picture: what was drawn before.
    ///   - region: where the source is opaque, in pixels of the picture.
    public static func unchanged(
        _ source: RawSpan,
        _ sourceLayout: PixelLayout,
        in picture: RawSpan,
        _ layout: PixelLayout,
        placement: Placement,
        region: Region
    ) -> Region {
        check(source.byteCount, sourceLayout)
        check(picture.byteCount, layout)
        guard placement.isUnscaled(sourceLayout.size), sourceLayout.format.liesLikeXRGB8888 else { return Region() }
        var result = Region()
        unsafe source.withUnsafeBytes { source in
            unsafe picture.withUnsafeBytes { picture in
                let comparer = unsafe RowComparer(source.baseAddress!, sourceLayout, picture.baseAddress!, layout)
                region.intersection(placement.destination).intersection(layout.size.bounds).forEachRectangle { part in
                    func isSame(_ y: Int) -> Bool {
                        unsafe comparer.isSame(y, part, from: placement.destination.origin)
                    }
                    let trials = stride(from: part.minY, to: part.maxY, by: (part.height - 1) / trialRows + 1)
                    guard trials.contains(where: isSame) else { return }
                    var start: Int?
                    for y in part.minY...part.maxY {
                        if y < part.maxY, isSame(y) {
                            start = start ?? y
                            continue
                        }
                        if let first = start, y - first >= min(rowsWorthTelling, part.height) {
                            result.formUnion(Rectangle(x: part.minX, y: first, width: part.width, height: y - first))
                        }
                        start = nil
                    }
                }
            }
        }
        return result
    }

    /// The rows of an image that show in a part of the target. That isn't empty, and lies in the placement's
    /// destination.
    public static func rows(of size: Size, _ placement: Placement, shownIn part: Rectangle) -> Range<Int> {
        if placement.isUnscaled(size) {
            return part.minY - placement.destination.minY..<part.maxY - placement.destination.minY
        }
        let sampling = Sampling(size, placement)
        let (axis, places) =
            sampling.isTransposed ? (sampling.x, part.minX..<part.maxX) : (sampling.y, part.minY..<part.maxY)
        return axis.pixels(for: places, asSquares: axis.factor > 0)
    }

    /// How much work a pixel of such an image is there, where that of one that is merely copied is 1.
    public static func effort(_ layout: PixelLayout, _ placement: Placement) -> Int {
        effort(layout.size, placement) + (layout.format.liesLikeXRGB8888 ? 0 : 2)
    }

    /// The same for luma and chroma.
    public static func effort(_ layout: YUVLayout, _ placement: Placement) -> Int {
        effort(layout.size, placement) + 2
    }

    /// The most that it can be.
    public static let greatestEffort = 26

    private static func effort(_ size: Size, _ placement: Placement) -> Int {
        if placement.isUnscaled(size) { return 1 }
        let sampling = Sampling(size, placement)
        return sampling.isSparse ? 24 : sampling.isEven ? 2 : 5
    }

    private static func check(_ byteCount: Int, _ layout: PixelLayout) {
        check(byteCount, layout.byteCount)
    }

    private static func check(_ byteCount: Int, _ needed: Int) {
        precondition(byteCount >= needed, "the memory is smaller than its layout says")
    }
}
