/// Draws images into a target in memory.
///
/// Unturned, unscaled images whose pixels lie like the target's, or are luma and chroma, go row by row through kernels
/// of our own; everything else through pixman. Spans are checked against their layouts once a call, and nothing outside
/// of the clip or the target is touched. The target's format is XRGB8888, whose fourth byte has no meaning afterwards.
public enum Painter {
    /// Fills `region`, in pixels of the target, with one colour, as 0xRRGGBB.
    public static func fill(
        _ target: inout MutableRawSpan,
        _ layout: PixelLayout,
        color: UInt32,
        region: Region
    ) {
        check(target.byteCount, layout)
        unsafe target.withUnsafeMutableBytes { bytes in
            unsafe RowPainter(target: bytes.baseAddress!, layout: layout).fill(
                region.intersection(layout.size.bounds),
                color: color | 0xff00_0000
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
                    let painter = unsafe PixmanPainter(target: target, layout: targetLayout)
                    unsafe painter.draw(source, sourceLayout, placement, copied: copied, blended: blended)
                }
            }
        }
    }

    /// Draws luma and chroma over what is there. They are opaque everywhere: colours are copied.
    ///
    /// Pixels that share their chroma get the same one, wherever in between it was taken. What is turned or scaled is
    /// converted first, part by part, and then drawn as XRGB8888 would be.
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
                        let painter = unsafe YUVPainter(planes: planes, layout: sourceLayout)
                        unsafe painter.draw(onto: target.baseAddress!, targetLayout, placement, clip)
                    }
                }
            }
        }
    }

    /// Whether ``draw(_:_:onto:_:placement:clip:opaque:)`` can draw such an image there. pixman counts pixels of what
    /// it turns and scales in 16 bits with fractions, which is enough for 16,384 of them in each direction.
    public static func canDraw(_ layout: PixelLayout, _ placement: Placement) -> Bool {
        canDraw(layout.size, placement)
    }

    /// Whether ``draw(_:second:third:_:onto:_:placement:clip:)`` can draw such an image there. The limits are the same.
    public static func canDraw(_ layout: YUVLayout, _ placement: Placement) -> Bool {
        canDraw(layout.size, placement)
    }

    private static func canDraw(_ size: Size, _ placement: Placement) -> Bool {
        let limit = 16_384
        return placement.isUnscaled(size)
            || size.width <= limit && size.height <= limit
                && placement.destination.width <= limit && placement.destination.height <= limit
    }

    private static func check(_ byteCount: Int, _ layout: PixelLayout) {
        check(byteCount, layout.byteCount)
    }

    private static func check(_ byteCount: Int, _ needed: Int) {
        precondition(byteCount >= needed, "the memory is smaller than its layout says")
    }
}

extension PixelFormat {
    /// Whether colours can be copied into a target's pixels as they are.
    fileprivate var liesLikeXRGB8888: Bool { self == .xrgb8888 || self == .argb8888 }
}
