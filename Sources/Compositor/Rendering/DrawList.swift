internal import Pixels

/// One thing to be drawn: pixels, where they go, and what of them shows.
struct DrawCommand {
    let content: SurfaceContent
    let placement: Placement
    /// What may be touched, in pixels of the picture.
    let clip: Region
    /// Where it is known to be opaque, in pixels of the picture.
    let opaque: Region
}

/// What has to be done for a picture, or a part of it.
///
/// Front to back it is worked out which part of each item shows, so that no pixel that an opaque one covers is drawn;
/// then they are drawn back to front. Each pixel that isn't blended is written once.
struct DrawList {
    /// Where nothing is, as 0xRRGGBB.
    static let background: UInt32 = 0x2e3440

    /// Where nothing is, in pixels of the picture.
    private let empty: Region
    /// Back to front.
    private let commands: [DrawCommand]

    /// Draws `damage`, in pixels of the picture, of `items`, back to front, as `view` shows them.
    init(_ items: [PlacedItem], in view: View, damage: Region) {
        var rest = damage
        var commands: [DrawCommand] = []
        for item in items.reversed() {
            if rest.isEmpty { break }
            let clip = rest.intersection(view.pixels(item.shown))
            if clip.isEmpty { continue }
            let appearance = item.drawable.appearance
            guard let content = appearance.content else { continue }
            let placement = view.placement(of: item.bounds, appearance)
            // What can't be drawn hides nothing either.
            guard content.canDraw(placement) else { continue }
            let opaque = view.innerPixels(item.opaqueRegion, of: item.bounds)
            commands.append(DrawCommand(content: content, placement: placement, clip: clip, opaque: opaque))
            rest.subtract(opaque)
        }
        empty = rest
        self.commands = commands.reversed()
    }

    /// Draws into a picture in XRGB8888.
    func draw(into target: inout MutableRawSpan, _ layout: PixelLayout) {
        Painter.fill(&target, layout, color: Self.background, region: empty)
        for command in commands {
            command.content.draw(
                onto: &target,
                layout,
                placement: command.placement,
                clip: command.clip,
                opaque: command.opaque
            )
        }
    }
}
