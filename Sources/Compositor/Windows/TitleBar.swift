internal import Pixels

/// The bar above a window that doesn't draw one itself: its title, and what it can be minimised, maximised and closed
/// with, on a ground that tells whether it is the active one.
///
/// The ground is a colour, whatever its size. Only the title and the buttons have pixels, as many as a title that
/// people read needs.
final class TitleBar {
    /// What a bar shows.
    struct Look: Equatable {
        var title = PlainText(string: "")
        var isActive = false
        /// Pixels for each unit of the scene's coordinates.
        var scale: Scale = 1
    }

    /// What a place on it is for.
    enum Part: Equatable {
        case title
        case button(FrameIcon)
        /// For pulling the window's upper edge, or a corner.
        case edge(WindowEdges)
    }

    /// In units of the scene's coordinates. Buttons are as wide as the bar is high.
    static let height = 22
    /// From the bar's ends to the title.
    private static let margin = 8
    /// How near the upper edge it is pulled, and how near the ends a corner.
    private static let edge = 3
    private static let corner = 12

    private let ground = FramePart()
    private let label: TextLabel
    private let buttons = FrameIcon.allCases.map { (icon: $0, part: FramePart()) }
    private var pressed: FrameIcon?
    private var look: Look?
    private let icons: FrameIcons
    /// Is called when it looks different.
    var onChange: () -> Void = {}

    /// A bar without a look yet, drawn for a client.
    init(fonts: Fonts, icons: FrameIcons, account: ClientAccount) {
        self.icons = icons
        label = TextLabel(height: Self.height, fonts: fonts, account: account)
        label.onChange = { [unowned self] in onChange() }
    }

    /// The buttons that there is room for, with where each begins in a bar of some width; the last one goes last.
    private func buttonPlaces(width: Int) -> [(icon: FrameIcon, part: FramePart, x: Int)] {
        let shown = buttons.suffix(max(0, min(buttons.count, width / Self.height - 1)))
        return shown.enumerated().map { ($1.icon, $1.part, width - (shown.count - $0) * Self.height) }
    }

    /// What it consists of, back to front, with its corner at a place in global coordinates.
    func items(at corner: Point, width: Int) -> [PlacedItem] {
        let bounds = Rectangle(origin: corner, size: Size(width: width, height: Self.height))
        var items = [PlacedItem(ground, stretchedTo: bounds)]
        let places = buttonPlaces(width: width)
        let room = bounds.width - 2 * Self.margin - places.count * Self.height
        if !label.isEmpty, room > 0 {
            let place = Point(x: corner.x + Self.margin, y: corner.y)
            items.append(PlacedItem(label.drawable, at: place, clippedToWidth: room))
        }
        for (_, part, x) in places { items.append(PlacedItem(part, at: Point(x: corner.x + x, y: corner.y))) }
        return items
    }

    /// What a place is for, from the corner of a bar of some width.
    func part(at place: Point, width: Int) -> Part {
        if place.y < Self.edge {
            if place.x < Self.corner { return .edge([.top, .left]) }
            return .edge(place.x >= width - Self.corner ? [.top, .right] : .top)
        }
        return buttonPlaces(width: width).last { place.x >= $0.x }.map { .button($0.icon) } ?? .title
    }

    /// What it consists of, wherever it is.
    var drawables: [Drawable] { [ground, label.drawable] + buttons.map(\.part) }

    /// Gives it another look.
    func show(_ new: Look) {
        if new == look { return }
        let old = look
        look = new
        if new.isActive != old?.isActive { ground.fill(with: new.isActive ? 0x4c566a : 0x3b4252) }
        if new.isActive != old?.isActive || new.scale != old?.scale {
            showButtons(new)
            onChange()
        }
        label.show(TextLabel.Look(text: new.title, color: textColor(new), scale: new.scale))
    }

    /// Shows that a button is down, or none.
    func showPressed(_ icon: FrameIcon?) {
        pressed = icon
        if let look { showButtons(look) }
        onChange()
    }

    private func textColor(_ look: Look) -> UInt32 { look.isActive ? 0xeceff4 : 0xa0a8b8 }

    private func showButtons(_ look: Look) {
        let side = look.scale.pixels(Self.height)
        for (icon, part) in buttons {
            let color: UInt32 = icon == pressed ? 0xebcb8b : textColor(look)
            let content = icons.picture(of: icon, side: side, color: color).map { SurfaceContent($0) }
            part.appearance = Appearance(content: content, size: Size(width: Self.height, height: Self.height))
        }
    }
}
