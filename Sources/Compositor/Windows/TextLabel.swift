internal import Pixels
internal import WaylandServer

/// A text of a client's. Two are the same where their bytes are: whether their characters are takes milliseconds to
/// find out, where thousands of marks stand on one.
struct PlainText: Equatable {
    let string: String

    static func == (one: PlainText, other: PlainText) -> Bool { one.string.utf8.elementsEqual(other.string.utf8) }
}

/// A line of text that the compositor writes for a client: a window's title, say.
///
/// It is drawn on the client's lane, as a character can make a font come from a disk: until it is there, the text
/// before is shown. There is none where the client has used up what may be drawn for it.
final class TextLabel {
    /// What it says, and how.
    struct Look: Equatable {
        var text: PlainText
        /// As 0xRRGGBB.
        var color: UInt32 = 0
        /// Pixels for each unit of the scene's coordinates.
        var scale: Scale = 1
    }

    /// The font's size, in units of the scene's coordinates.
    private static let fontSize = 13
    /// A text ends here, in the same units.
    private static let widthLimit = 1_024
    /// How much of a text is drawn. Some characters have no width.
    private static let characterLimit = 256

    /// What shows it.
    let drawable = Drawable()
    /// In units of the scene's coordinates; the text is in the middle.
    private let height: Int
    private var look: Look?
    /// For the pixels, and for those that are being drawn.
    private var charge: Charge?
    private var nextCharge: Charge?
    private let fonts: Fonts
    private let account: ClientAccount
    /// Is called when it looks different.
    var onChange: () -> Void = {}

    init(height: Int, fonts: Fonts, account: ClientAccount) {
        self.height = height
        self.fonts = fonts
        self.account = account
    }

    /// Whether there is anything to be seen.
    var isEmpty: Bool { drawable.appearance.content == nil }

    /// Gives it another look.
    func show(_ new: Look) {
        if new == look { return }
        look = new
        if nextCharge == nil { draw() }
    }

    /// Has the text drawn, one at a time.
    private func draw() {
        guard let look else { return }
        let text = look.text.string.unicodeScalars.prefix(Self.characterLimit)
        // No character that people write with is wider than the line is high.
        let width = min(text.count * height, Self.widthLimit)
        if width == 0 { return show(nil, of: look, charge: nil) }
        let line = Fonts.Line(
            text: String(String.UnicodeScalarView(text)),
            color: look.color,
            fontPixels: look.scale.pixels(Self.fontSize),
            height: look.scale.pixels(height),
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
        if drawn != look { draw() }
    }

    private func show(_ picture: Fonts.Picture?, of look: Look, charge new: consuming Charge?) {
        charge = new
        // It is less now, so there is room.
        try? account.change(&charge, to: picture?.layout.byteCount ?? 0, of: .drawnBytes)
        drawable.appearance = Appearance(size: Size(width: 0, height: 0))
        if let picture {
            let size = Size(width: look.scale.units(picture.layout.size.width), height: height)
            let content = SurfaceContent(PixelRows(.bytes(picture.bytes), picture.layout))
            drawable.appearance = Appearance(content: content, size: size)
        }
        onChange()
    }
}
