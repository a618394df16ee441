internal import Pixels
internal import WaylandServer

/// A surface that is shown where something is dragged. The role has no object of its own in the protocol.
final class DragIcon: SurfaceRole, SceneNode {
    private weak var surface: Surface?
    private let scene: Scene
    /// Where its corner is, seen from what drags it.
    private var offset = Point(x: 0, y: 0)
    /// Of what drags it, in global coordinates; nil while it isn't shown.
    private var position: Point?

    init(_ surface: Surface, scene: Scene) {
        self.surface = surface
        self.scene = scene
    }

    /// Shows it with its corner at a place in global coordinates, as long as its client doesn't move it away from
    /// there.
    func show(at position: Point) {
        guard self.position == nil, surface != nil else { return }
        self.position = position
        offset = Point(x: 0, y: 0)
        scene.insert(self)
    }

    func move(to position: Point) {
        guard self.position != nil, self.position != position else { return }
        self.position = position
        scene.setNeedsLayout(self)
    }

    func hide() {
        guard position != nil else { return }
        position = nil
        scene.remove(self)
    }

    // MARK: SceneNode

    let layer = SceneLayer.dragIcon

    var items: [PlacedItem] {
        guard let position, let surface else { return [] }
        return surface.tree(at: position.translated(by: offset))
    }

    // MARK: SurfaceRole

    var node: (any SceneNode)? { position == nil ? nil : self }

    var mayOutliveSurface: Bool { true }

    func contentMoved(by offset: Point) {
        self.offset = self.offset.translated(by: offset)
        scene.setNeedsLayout(self)
    }

    func surfaceDestroyed(_ surface: Surface) {
        hide()
        self.surface = nil
    }
}
