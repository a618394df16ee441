/// Draws images into a target in memory.
///
/// Unturned, unscaled images go row by row through kernels of our own; everything else through pixman. Spans are checked
/// against their layouts once a call, and nothing outside of the clip or the target is touched. The target's format is
/// XRGB8888, whose fourth byte has no meaning afterwards.
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
        unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { target in
                if placement.isUnscaled(sourceLayout.size) {
                    let painter = unsafe RowPainter(target: target.baseAddress!, layout: targetLayout)
                    let origin = placement.destination.origin
                    if sourceLayout.format.hasAlpha {
                        unsafe painter.copy(source.baseAddress!, sourceLayout, to: origin, clip.intersection(opaque))
                        unsafe painter.over(source.baseAddress!, sourceLayout, to: origin, clip.subtracting(opaque))
                    } else {
                        unsafe painter.copy(source.baseAddress!, sourceLayout, to: origin, clip)
                    }
                } else {
                    unsafe PixmanPainter(target: target.baseAddress!, layout: targetLayout).draw(
                        source.baseAddress!,
                        sourceLayout,
                        placement: placement,
                        clip: clip
                    )
                }
            }
        }
    }

    private static func check(_ byteCount: Int, _ layout: PixelLayout) {
        precondition(byteCount >= layout.byteCount, "the memory is smaller than its layout says")
    }
}
