internal import Pixels
internal import WaylandServer

/// What can be done with a window, to choose from. It stands on the window, and has all input until something is chosen
/// or pressed elsewhere.
final class WindowMenu: PressableNode, InputGrab {
    /// A line of it.
    private struct Row {
        let action: WindowAction
        let ground = FramePart()
        let label: TextLabel
    }

    /// In units of the scene's coordinates.
    private static let rowHeight = 24
    private static let width = 140
    private static let margin = 10

    let window: Window
    private let manager: WindowManager
    private let rows: [Row]
    private let origin: Point
    /// Where it was opened, in global coordinates, and whether the pointer has left that place since: a hand that
    /// trembles chooses nothing.
    private let opening: Point
    private var wasMoved = false
    private static let tremble = 4.0

    /// How large a menu is, in units of the scene's coordinates.
    static let size = Size(width: width, height: WindowAction.inMenu.count * rowHeight)

    /// A menu with its corner at a place in global coordinates, which was opened at another; drawn for a client.
    init(for window: Window, at origin: Point, from opening: Point, manager: WindowManager, account: ClientAccount) {
        self.opening = opening
        self.window = window
        self.manager = manager
        self.origin = origin
        rows = WindowAction.inMenu.map { action in
            Row(action: action, label: TextLabel(height: Self.rowHeight, fonts: manager.fonts, account: account))
        }
        for row in rows {
            row.ground.fill(with: Self.color(isChosen: false))
            // The label may be drawn when the menu is gone.
            let drawable = row.label.drawable
            row.label.onChange = { [weak self] in self?.redraw(drawable) }
            let text = row.action.name(for: window)
            row.label.show(TextLabel.Look(text: PlainText(string: text), color: 0xeceff4, scale: manager.scale))
        }
    }

    private func redraw(_ drawable: Drawable) { manager.redraw([drawable], of: self) }

    private static func color(isChosen: Bool) -> UInt32 { isChosen ? 0x5e81ac : 0x434c5e }

    // MARK: SceneNode

    var items: [PlacedItem] {
        rows.indices.flatMap { index -> [PlacedItem] in
            let row = rows[index]
            let place = bounds(of: index)
            let text = Point(x: place.x + Self.margin, y: place.y)
            let label = PlacedItem(row.label.drawable, at: text, clippedToWidth: Self.width - 2 * Self.margin)
            return [PlacedItem(row.ground, stretchedTo: place), label]
        }
    }

    var base: (any SceneNode)? { window }

    /// In global coordinates.
    private func bounds(of row: Int) -> Rectangle {
        Rectangle(x: origin.x, y: origin.y + row * Self.rowHeight, width: Self.width, height: Self.rowHeight)
    }

    // MARK: Input

    /// Nobody's surfaces hear of anything meanwhile.
    var client: Client? { nil }

    var keyboardFocus: Drawable? { nil }

    func dismiss() { manager.closeMenu() }

    /// The line that would be done now.
    private var chosen: Int? {
        didSet {
            guard chosen != oldValue else { return }
            for index in [oldValue, chosen].compactMap({ $0 }) {
                rows[index].ground.fill(with: Self.color(isChosen: index == chosen))
                redraw(rows[index].ground)
            }
        }
    }

    private func row(at position: Position) -> Int? {
        rows.indices.first { bounds(of: $0).contains(position.pixel) }
    }

    func pointerMoved(to position: Position) {
        let way = position.from(opening)
        if max(abs(way.x), abs(way.y)) > Self.tremble { wasMoved = true }
        chosen = row(at: position)
    }

    /// One long press opens it, and chooses where it was moved to a line.
    func pointerReleased() { if wasMoved { choose() } }

    /// The line below the chosen one is, or the one above; after the last one comes the first.
    func step(down: Bool) {
        let next = down ? (chosen ?? -1) + 1 : (chosen ?? rows.count) - 1
        chosen = (next + rows.count) % rows.count
    }

    /// Does what is chosen, if anything is.
    func choose() {
        guard let chosen, manager.menu === self else { return }
        manager.closeMenu()
        manager.perform(rows[chosen].action, on: window)
    }

    func pressed(_ part: FramePart, with button: PressedButton, at position: Position, time: UInt32)
        -> (any PointerGrab)?
    {
        guard let index = rows.firstIndex(where: { $0.ground === part }) else { return nil }
        let place = bounds(of: index)
        return PartPress(isInside: { place.contains($0.pixel) }) { [weak self] isPressed in
            self?.chosen = isPressed ? index : nil
        } action: { [weak self] in
            self?.chosen = index
            self?.choose()
        }
    }
}
