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

    /// How large a menu is, in units of the scene's coordinates.
    static let size = Size(width: width, height: WindowAction.inMenu.count * rowHeight)

    /// A menu with its corner at a place in global coordinates, drawn for a client.
    init(for window: Window, at origin: Point, manager: WindowManager, account: ClientAccount) {
        self.window = window
        self.manager = manager
        self.origin = origin
        rows = WindowAction.inMenu.map { action in
            Row(action: action, label: TextLabel(height: Self.rowHeight, fonts: manager.fonts, account: account))
        }
        for row in rows {
            row.ground.fill(with: Self.color(isPressed: false))
            // The label may be drawn when the menu is gone.
            let drawable = row.label.drawable
            row.label.onChange = { [weak self] in self?.redraw(drawable) }
            let text = row.action.name(for: window)
            row.label.show(TextLabel.Look(text: PlainText(string: text), color: 0xeceff4, scale: manager.scale))
        }
    }

    private func redraw(_ drawable: Drawable) { manager.redraw([drawable], of: self) }

    private static func color(isPressed: Bool) -> UInt32 { isPressed ? 0x5e81ac : 0x434c5e }

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

    func pressed(_ part: FramePart, with button: PressedButton, at position: Position, time: UInt32)
        -> (any PointerGrab)?
    {
        guard let index = rows.firstIndex(where: { $0.ground === part }) else { return nil }
        let place = bounds(of: index)
        return PartPress(at: position, isInside: { place.contains($0.pixel) }) { [weak self] isPressed in
            part.fill(with: Self.color(isPressed: isPressed))
            if let self { manager.redraw([part], of: self) }
        } action: { [weak self] in
            guard let self, manager.menu === self else { return }
            manager.closeMenu()
            manager.perform(rows[index].action, on: window)
        }
    }
}
