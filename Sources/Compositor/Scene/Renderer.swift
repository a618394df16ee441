internal import Pixels

/// Draws a scene's damaged part into an output's buffer.
///
/// Front to back it is worked out which part of each surface shows, so that no pixel that an opaque surface covers is
/// drawn; then they are drawn back to front. Each output pixel that isn't blended is written once.
struct Renderer {
    /// Where no surface is, as 0xRRGGBB.
    static let background: UInt32 = 0x2e3440

    /// An item with the part of it that shows, in output pixels.
    private struct Visible {
        let content: SurfaceContent
        let placement: Placement
        let clip: Region
        let opaque: Region
    }

    /// Draws `damage`, in output pixels, of `items`, back to front, as seen by `output`.
    func draw(_ items: [PlacedItem], of output: Output, damage: Region, into buffer: FrameBuffer) {
        var rest = damage
        var visible: [Visible] = []
        for item in items.reversed() {
            if rest.isEmpty { break }
            let bounds = output.pixels(item.bounds)
            let clip = rest.intersection(bounds)
            if clip.isEmpty { continue }
            let appearance = item.drawable.appearance
            guard let content = appearance.content else { continue }
            let placement = Placement(
                destination: bounds,
                orientation: appearance.orientation,
                crop: appearance.crop
            )
            // What can't be drawn hides nothing either.
            guard content.canDraw(placement) else { continue }
            let opaque = output.innerPixels(appearance.opaqueRegion.translated(by: item.bounds.origin))
            visible.append(Visible(content: content, placement: placement, clip: clip, opaque: opaque))
            rest.subtract(opaque)
        }
        buffer.withMutableBytes { target in
            Painter.fill(&target, buffer.layout, color: Self.background, region: rest)
            for item in visible.reversed() {
                item.content.draw(
                    onto: &target,
                    buffer.layout,
                    placement: item.placement,
                    clip: item.clip,
                    opaque: item.opaque
                )
            }
        }
    }
}
