internal import Pixels
internal import WaylandServer

/// The bar above a window that doesn't draw one itself: its title, on a ground that tells whether it is the active one.
final class TitleBar: Drawable {
    /// In units of the scene's coordinates.
    static let height = 22
    /// The bar of a wider window ends here, in pixels: as far as an output can reach, whatever a client says it shows.
    private static let widthLimit = 16_384

    private struct Look: Equatable {
        var title = ""
        var width = 0
        var isActive = false
        var scale = 1
    }

    private var look = Look()
    private var content: SurfaceContent?
    private var charge: Charge?

    var appearance: Appearance {
        let size = Size(width: look.width, height: Self.height)
        return Appearance(content: content, size: size, opaqueRegion: content == nil ? Region() : Region(size.bounds))
    }

    /// Changes what the bar shows; draws it only where that is something else, and nothing where the client has used up
    /// what may be drawn for it.
    func show(
        _ title: String,
        width: Int,
        isActive: Bool,
        scale: Int,
        typefaces: Typefaces,
        account: ClientAccount
    ) {
        let look = Look(title: title, width: min(width, Self.widthLimit / scale), isActive: isActive, scale: scale)
        if look == self.look { return }
        self.look = look
        let size = Size(width: max(1, look.width * scale), height: Self.height * scale)
        content = nil
        charge = nil
        do throws(ProtocolError) {
            charge = try account.charge(size.width * size.height * 4, of: .drawnBytes)
        } catch { return }
        content = OwnContent(size: size) { (target, layout) in
            Painter.fill(&target, layout, color: isActive ? 0x4c566a : 0x3b4252, region: Region(size.bounds))
            guard let typeface = typefaces.sans(pixels: 13 * scale) else { return }
            typeface.draw(
                title,
                color: isActive ? 0xeceff4 : 0xa0a8b8,
                onto: &target,
                layout,
                at: Point(x: 8 * scale, y: (size.height - typeface.lineHeight) / 2),
                upTo: size.width - 8 * scale
            )
        }
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
