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
        case shape(CursorShape)
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
    /// Other shapes that were asked for; those that no theme has are arrows.
    private var shapes: [CursorShape: CursorImage?] = [:]
    /// Those that are being read, and on whose lanes: whoever can hold up its own holds up nobody else's.
    private var awaitedShapes: [CursorShape: [Reader]] = [:]

    private struct Reader {
        weak var account: ClientAccount?
    }

    init(scene: Scene, layout: OutputLayout) {
        self.scene = scene
        self.layout = layout
    }

    let layer = SceneLayer.cursor

    var items: [PlacedItem] {
        guard let position else { return [] }
        switch picture {
        case .nothing: return []
        case .arrow: return items(of: arrow?.image, at: position)
        case .shape(let shape): return items(of: (shapes[shape] ?? nil) ?? arrow?.image, at: position)
        case .surface(let role):
            let corner = position.translated(by: role.hotspot.negated)
            return role.surface?.tree(at: corner) ?? []
        }
    }

    /// Whether there is a pointer, seen or not.
    var isPlaced: Bool { position != nil }

    /// What ``shown`` was for a state of the scene: many may ask at each tick, and the picture may have many parts.
    private var known: (version: UInt64, shown: (frame: Rectangle, hotspot: Point)?)?

    /// How far from the pointer's place its picture is looked at: a client can put it anywhere, and make it any size.
    private static let reach = 4_096

    /// Where its picture is, and which point of that is the pointer's place, in global coordinates; nil where nothing
    /// is to be seen of it.
    var shown: (frame: Rectangle, hotspot: Point)? {
        guard let position else { return nil }
        if let known, known.version == scene.layoutVersion { return known.shown }
        // A surface's own picture comes somewhere among those of its subsurfaces.
        let around = Rectangle(
            x: position.x - Self.reach,
            y: position.y - Self.reach,
            width: 2 * Self.reach,
            height: 2 * Self.reach
        )
        let frame = items.reduce(Size(width: 0, height: 0).bounds) { $0.union($1.shown.intersection(around)) }
        let shown = frame.isEmpty ? nil : (frame, position)
        known = (scene.layoutVersion, shown)
        return shown
    }

    private func items(of image: CursorImage?, at position: Point) -> [PlacedItem] {
        image.map { [PlacedItem($0, at: position.translated(by: $0.hotspot.negated))] } ?? []
    }

    /// Has an arrow for the largest scale of the outputs, once there is a pointer. Reads files.
    func outputsChanged() {
        let scale = layout.largestScale.roundedUp
        guard position != nil, scale != arrow?.scale else { return }
        arrow = (CursorImage(CursorTheme.arrow(scale: scale)), scale)
        // Those of another scale are shown until they are asked for again.
        for shape in shapes.keys where !isShown(shape) { shapes[shape] = nil }
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

    private func isShown(_ shape: CursorShape) -> Bool {
        if case .shape(shape) = picture { true } else { false }
    }

    /// Looks like one of the theme's shapes, which is read on a client's lane; the arrow until then.
    func show(_ shape: CursorShape, for account: ClientAccount) throws(ProtocolError) {
        change(.shape(shape))
        guard let scale = arrow?.scale, shapes[shape] == nil else { return }
        let readers = awaitedShapes[shape, default: []].filter { $0.account != nil }
        if readers.contains(where: { $0.account === account }) { return }
        try account.look(awaited: false) { _ in
            .some(CursorTheme.picture(of: shape, scale: scale))
        } then: { [weak self] picture in
            self?.read(shape, picture)
        }
        awaitedShapes[shape] = readers + [Reader(account: account)]
    }

    private func read(_ shape: CursorShape, _ picture: CursorImage.Picture?) {
        awaitedShapes[shape] = nil
        if shapes[shape] != nil { return }
        shapes[shape] = .some(picture.map { CursorImage($0) })
        if isShown(shape) { scene.setNeedsLayout(self) }
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
