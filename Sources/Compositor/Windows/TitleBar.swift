internal import Pixels
internal import WaylandServer

/// The bar above a window that doesn't draw one itself: its title, on a ground that tells whether it is the active one.
///
/// The ground is a colour, whatever its size. Only the title has pixels, as many as a title that people read needs, and
/// only once it is seen.
final class TitleBar: Drawable {
    /// In units of the scene's coordinates.
    static let height = 22
    /// From the bar's ends to the title.
    private static let margin = 8
    /// A title ends here, in the same units, however wide the window is.
    private static let titleWidthLimit = 1_024
    /// How much of a title is drawn. Some characters have no width.
    private static let characterLimit = 256

    private struct Look: Equatable {
        var title = ""
        var width = 0
        var isActive = false
        var scale: Scale = 1

        var ground: UInt32 { isActive ? 0x4c566a : 0x3b4252 }
    }

    /// The title.
    private final class Label: Drawable {
        var appearance = Appearance(size: Size(width: 0, height: 0))
        var charge: Charge?
    }

    private var look = Look()
    private let label = Label()
    /// The whole bar.
    private(set) var appearance = Appearance(size: Size(width: 0, height: 0))

    /// What the bar consists of, back to front, with its corner at a place in global coordinates. Without a title where
    /// the client has used up what may be drawn for it.
    func items(
        _ title: String,
        at corner: Point,
        width: Int,
        isActive: Bool,
        scale: Scale,
        typefaces: Typefaces,
        account: ClientAccount
    ) -> [PlacedItem] {
        let title = String(String.UnicodeScalarView(title.unicodeScalars.prefix(Self.characterLimit)))
        let look = Look(title: title, width: width, isActive: isActive, scale: scale)
        if look != self.look {
            self.look = look
            show(typefaces, account)
        }
        let bar = PlacedItem(self, at: corner)
        if label.appearance.content == nil { return [bar] }
        return [bar, PlacedItem(label, at: Point(x: corner.x + Self.margin, y: corner.y))]
    }

    private func show(_ typefaces: Typefaces, _ account: ClientAccount) {
        let look = look
        let size = Size(width: look.width, height: Self.height)
        appearance = Appearance(
            content: SolidContent(color: look.ground),
            size: size,
            opaqueRegion: Region(size.bounds)
        )
        label.appearance.content = nil
        label.charge = nil
        // No character that people write titles with is wider than the bar is high.
        let room = min(look.title.unicodeScalars.count * Self.height, Self.titleWidthLimit)
        let labelSize = Size(width: min(look.width - 2 * Self.margin, room), height: Self.height)
        guard labelSize.width > 0 else { return }
        let pixelSize = Size(width: look.scale.pixels(labelSize.width), height: look.scale.pixels(labelSize.height))
        do throws(ProtocolError) {
            label.charge = try account.charge(pixelSize.width * pixelSize.height * 4, of: .drawnBytes)
        } catch { return }
        let content = OwnContent(size: pixelSize) { (target, layout) in
            Painter.fill(&target, layout, color: look.ground, region: Region(pixelSize.bounds))
            guard let typeface = typefaces.sans(pixels: look.scale.pixels(13)) else { return }
            typeface.draw(
                look.title,
                color: look.isActive ? 0xeceff4 : 0xa0a8b8,
                onto: &target,
                layout,
                at: Point(x: 0, y: (pixelSize.height - typeface.lineHeight) / 2),
                upTo: pixelSize.width
            )
        }
        label.appearance = Appearance(content: content, size: labelSize, opaqueRegion: Region(labelSize.bounds))
    }
}

/// The fonts that the compositor writes with, kept: opening one reads files.
final class Typefaces {
    /// After so many different characters a font is opened anew, so that no client can fill the memory with pictures of
    /// them.
    private static let characterLimit = 2_048

    private var typefaces: [Int: Typeface?] = [:]

    /// A font without serifs; nil where the system has none.
    func sans(pixels: Int) -> Typeface? {
        if let known = typefaces[pixels], known?.characterCount ?? 0 < Self.characterLimit { return known }
        // The library gives out a font again as long as it is open anywhere, with all its pictures.
        typefaces[pixels] = nil
        let typeface = Typeface(name: "sans", pixels: pixels)
        typefaces[pixels] = typeface
        return typeface
    }
}
