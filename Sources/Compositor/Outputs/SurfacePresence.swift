internal import Pixels

/// Tells clients which outputs their surfaces are on, covered or not.
final class SurfacePresence {
    private let scene: Scene
    private let layout: OutputLayout
    /// Surfaces whose clients were told of outputs.
    private var surfaces = OrderedDictionary<ObjectIdentifier, Surface>()
    /// What the scene was like when they were.
    private var toldVersion: UInt64?

    init(scene: Scene, layout: OutputLayout) {
        self.scene = scene
        self.layout = layout
    }

    /// Tells what has changed since the last time.
    func update() {
        let items = scene.items
        guard toldVersion != scene.layoutVersion else { return }
        toldVersion = scene.layoutVersion
        var gone = surfaces
        for item in items {
            guard let surface = item.drawable as? Surface else { continue }
            gone[item.key] = nil
            surfaces[item.key] = surface
            surface.setOutputs(layout.outputs.filter { !$0.bounds.intersection(item.bounds).isEmpty })
        }
        for surface in gone.values {
            surfaces[ObjectIdentifier(surface)] = nil
            surface.setOutputs([])
        }
    }

    /// An output is another one than before, though in its place.
    func outputChanged(_ output: Output) {
        update()
        for surface in surfaces.values where surface.outputs.contains(where: { $0 === output }) {
            surface.onOutputsChange?()
        }
    }

    /// The surface is gone.
    func remove(_ surface: Surface) {
        if !surfaces.isEmpty { surfaces[ObjectIdentifier(surface)] = nil }
    }
}
