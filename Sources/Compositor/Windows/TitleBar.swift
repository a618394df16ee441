internal import Pixels
internal import WaylandServer

/// The bar above a window that doesn't draw one itself: its title, on a ground that tells whether it is the active one.
///
/// The ground is a colour, whatever its size. Only the title has pixels, as many as a title that people read needs.
/// They are drawn on the client's lane, as a character can make a font come from a disk: until they are there, the
/// title before is shown.
final class TitleBar {
    /// What a bar shows.
    struct Look: Equatable {
        var title = ""
        var isActive = false
        /// Pixels for each unit of the scene's coordinates.
        var scale: Scale = 1
    }

    /// In units of the scene's coordinates.
    static let height = 22
    /// From the bar's ends to the title.
    private static let margin = 8
    /// A title ends here, in the same units, however wide the window is.
    private static let titleWidthLimit = 1_024
    /// How much of a title is drawn. Some characters have no width.
    private static let characterLimit = 256

    private let ground = Drawable()
    private let label = Drawable()
    private var look: Look?
    /// For the label's pixels, and for those that are being drawn.
    private var charge: Charge?
    private var nextCharge: Charge?
    private let fonts: Fonts
    private let account: ClientAccount
    /// Is called when it looks different.
    var onChange: () -> Void = {}

    /// A bar without a look yet, drawn for a client.
    init(fonts: Fonts, account: ClientAccount) {
        self.fonts = fonts
        self.account = account
    }

    /// What it consists of, back to front, with its corner at a place in global coordinates.
    func items(at corner: Point, width: Int) -> [PlacedItem] {
        let bounds = Rectangle(origin: corner, size: Size(width: width, height: Self.height))
        let bar = PlacedItem(ground, stretchedTo: bounds)
        let room = bounds.width - 2 * Self.margin
        guard label.appearance.content != nil, room > 0 else { return [bar] }
        let title = PlacedItem(label, at: Point(x: corner.x + Self.margin, y: corner.y), clippedToWidth: room)
        return [bar, title]
    }

    /// What it consists of, wherever it is.
    var drawables: [Drawable] { [ground, label] }

    /// Gives it another look.
    func show(_ new: Look) {
        if new == look { return }
        if new.isActive != look?.isActive {
            ground.appearance.content = SurfaceContent(SolidColor(new.isActive ? 0x4c566a : 0x3b4252))
            onChange()
        }
        look = new
        if nextCharge == nil { drawLabel() }
    }

    /// Has the title drawn, one at a time; there is none where the client has used up what may be drawn for it.
    private func drawLabel() {
        guard let look else { return }
        let title = look.title.unicodeScalars.prefix(Self.characterLimit)
        // No character that people write titles with is wider than the bar is high.
        let width = min(title.count * Self.height, Self.titleWidthLimit)
        if width == 0 { return show(nil, of: look, charge: nil) }
        let line = Fonts.Line(
            text: String(String.UnicodeScalarView(title)),
            color: look.isActive ? 0xeceff4 : 0xa0a8b8,
            fontPixels: look.scale.pixels(13),
            height: look.scale.pixels(Self.height),
            widthLimit: look.scale.pixels(width)
        )
        do throws(ProtocolError) {
            nextCharge = try account.charge(line.byteLimit, of: .drawnBytes)
            try account.look(awaited: false) { [fonts] cancellation in
                .some(cancellation.isCancelled ? nil : fonts.draw(line))
            } then: { [weak self] picture in
                self?.drew(picture, as: look)
            }
        } catch {
            nextCharge = nil
            show(nil, of: look, charge: nil)
        }
    }

    private func drew(_ picture: Fonts.Picture?, as drawn: Look) {
        show(picture, of: drawn, charge: nextCharge.take())
        if drawn != look { drawLabel() }
    }

    private func show(_ picture: Fonts.Picture?, of look: Look, charge new: consuming Charge?) {
        charge = new
        // It is less now, so there is room.
        try? account.change(&charge, to: picture?.layout.byteCount ?? 0, of: .drawnBytes)
        label.appearance = Appearance(size: Size(width: 0, height: 0))
        if let picture {
            let size = Size(width: look.scale.units(picture.layout.size.width), height: Self.height)
            let content = SurfaceContent(PixelRows(.bytes(picture.bytes), picture.layout))
            label.appearance = Appearance(content: content, size: size)
        }
        onChange()
    }
}
