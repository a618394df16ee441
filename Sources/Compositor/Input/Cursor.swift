internal import Pixels
internal import WaylandServer

/// A surface that the pointer may look like. The role has no object of its own in the protocol.
final class CursorRole: SurfaceRole {
    private(set) weak var surface: Surface?
    /// What of the surface is at the pointer's place, in surface coordinates.
    var hotspot = Point(x: 0, y: 0)
    /// Where it is shown at the moment.
    weak var cursor: Cursor?

    init(_ surface: Surface) {
        self.surface = surface
    }

    var node: (any SceneNode)? { cursor }

    var mayOutliveSurface: Bool { true }

    func contentMoved(by offset: Point) {
        hotspot = hotspot.translated(by: offset.negated)
    }

    func surfaceDestroyed(_ surface: Surface) {
        cursor?.hide()
        self.surface = nil
    }
}

/// What the pointer looks like, in front of everything.
///
/// Nothing is drawn before the pointer was first moved. Then it is the theme's arrow, until the client that has the
/// pointer chooses a surface of its own, or nothing.
final class Cursor: SceneNode {
    private enum Picture {
        case arrow
        case surface(CursorRole)
        case nothing
    }

    /// It holds the cursor as one of its nodes.
    private unowned let scene: Scene
    private let layout: OutputLayout
    private var position: Point?
    private var picture = Picture.arrow
    /// At the scale that was last asked for.
    private var arrow: (image: CursorImage, scale: Int)?

    init(scene: Scene, layout: OutputLayout) {
        self.scene = scene
        self.layout = layout
    }

    let layer = SceneLayer.cursor

    var items: [PlacedItem] {
        guard let position else { return [] }
        switch picture {
        case .nothing: return []
        case .arrow:
            guard let arrow = arrow?.image else { return [] }
            return [PlacedItem(arrow, at: position.translated(by: arrow.hotspot.negated))]
        case .surface(let role):
            let corner = position.translated(by: role.hotspot.negated)
            return role.surface?.tree(at: corner) ?? []
        }
    }

    /// Has an arrow for the largest scale of the outputs, once there is a pointer. Reads files.
    func outputsChanged() {
        let scale = layout.largestScale.roundedUp
        guard position != nil, scale != arrow?.scale else { return }
        arrow = (CursorTheme.arrow(scale: scale), scale)
        scene.setNeedsLayout(self)
    }

    func move(to position: Point) {
        if self.position == nil { scene.insert(self) }
        self.position = position
        if arrow == nil { outputsChanged() }
        scene.setNeedsLayout(self)
    }

    /// Looks as a client wishes; nil is nothing.
    func show(_ role: CursorRole?) {
        change(role.map { .surface($0) } ?? .nothing)
    }

    /// Shows nothing: its surface is gone.
    func hide() { change(.nothing) }

    /// Goes back to the arrow.
    func reset() { change(.arrow) }

    private func change(_ new: Picture) {
        if case .surface(let old) = picture { old.cursor = nil }
        picture = new
        if case .surface(let role) = new { role.cursor = self }
        scene.setNeedsLayout(self)
    }
}
