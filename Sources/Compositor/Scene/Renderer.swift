internal import Pixels

/// Draws a scene's damaged part into an output's buffer.
///
/// Front to back it is worked out which part of each surface shows, so that no pixel that an opaque surface covers is
/// drawn; then they are drawn back to front. Each output pixel that isn't blended is written once.
struct Renderer {
    /// Where no surface is, as 0xRRGGBB.
    static let background: UInt32 = 0x2e3440

    /// A surface with the part of it that shows, in output pixels.
    private struct Visible {
        let placed: PlacedSurface
        let clip: Region
        let opaque: Region
    }

    /// Draws `damage`, in output pixels, of `surfaces`, back to front, as seen by `output`.
    func draw(_ surfaces: [PlacedSurface], of output: Output, damage: Region, into buffer: FrameBuffer) {
        var rest = damage
        var visible: [Visible] = []
        for placed in surfaces.reversed() {
            if rest.isEmpty { break }
            guard placed.surface.current.content != nil else { continue }
            let clip = rest.intersection(output.pixels(placed.bounds))
            if clip.isEmpty { continue }
            let opaque = output.innerPixels(placed.opaqueRegion)
            visible.append(Visible(placed: placed, clip: clip, opaque: opaque))
            rest.subtract(opaque)
        }
        buffer.withMutableBytes { target in
            Painter.fill(&target, buffer.layout, color: Self.background, region: rest)
            for item in visible.reversed() {
                guard let content = item.placed.surface.current.content else { continue }
                let placement = Placement(
                    destination: output.pixels(item.placed.bounds),
                    orientation: item.placed.surface.current.orientation
                )
                content.withPixels { source in
                    Painter.draw(
                        source,
                        content.layout,
                        onto: &target,
                        buffer.layout,
                        placement: placement,
                        clip: item.clip,
                        opaque: item.opaque
                    )
                }
            }
        }
    }
}
