internal import Pixels

/// Tells clients which outputs their surfaces are on, covered or not.
final class SurfacePresence {
    private let scene: Scene
    private let layout: OutputLayout
    /// Surfaces whose clients were told of outputs, back to front; nil where one is gone since.
    private var surfaces: [Surface?] = []
    /// What the scene was like when they were.
    private var toldVersion: UInt64?

    /// Of a surface that is in the scene.
    struct Note {
        /// Its place in the list.
        fileprivate var index: Int
        /// What the scene was like when it was last seen there.
        fileprivate var version: UInt64
    }

    init(scene: Scene, layout: OutputLayout) {
        self.scene = scene
        self.layout = layout
    }

    /// Tells what has changed since the last time.
    func update() {
        let items = scene.items
        let version = scene.layoutVersion
        guard toldVersion != version else { return }
        toldVersion = version
        let (old, outputs) = (surfaces, layout.outputs)
        surfaces.removeAll(keepingCapacity: true)
        for item in items {
            guard let surface = item.drawable as? Surface else { continue }
            surface.presence = Note(index: surfaces.count, version: version)
            surfaces.append(surface)
            surface.setOutputs(outputs, showing: item.bounds)
        }
        for case let surface? in old where surface.presence?.version != version {
            surface.presence = nil
            surface.setOutputs([])
        }
    }

    /// An output is another one than before, though in its place.
    func outputChanged(_ output: Output) {
        update()
        for case let surface? in surfaces where surface.outputs.contains(where: { $0 === output }) {
            surface.onOutputsChange?()
        }
    }

    /// The surface is gone.
    func remove(_ surface: Surface) {
        guard let note = surface.presence else { return }
        if surfaces.indices.contains(note.index), surfaces[note.index] === surface { surfaces[note.index] = nil }
        surface.presence = nil
    }
}
