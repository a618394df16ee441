internal import Pixels

/// What is to be seen: nodes, back to front, on a plane of global coordinates in which each output is a rectangle.
///
/// The scene knows where surfaces are and what has changed; outputs draw it when they see fit. Changes come in through
/// ``insert(_:)``, ``remove(_:)`` and ``change(_:_:)``, and reach the outputs as damage.
final class Scene {
    /// Back to front.
    private(set) var nodes: [any SceneNode] = []
    private(set) var outputs: [Output] = []
    /// What each node shows, as it was last laid out; emptied by a change.
    private var layout: [ObjectIdentifier: [PlacedSurface]] = [:]
    /// All surfaces that are shown, back to front; made anew after a change.
    private var cachedSurfaces: [PlacedSurface]?
    /// Where in `cachedSurfaces` a surface is.
    private var cachedIndices: [ObjectIdentifier: Int] = [:]
    /// Which surfaces can be seen, on which output; made anew after a change.
    private var cachedVisibility: [ObjectIdentifier: [Output]]?
    /// Surfaces whose clients were told of outputs.
    private var surfacesOnOutputs: [ObjectIdentifier: Surface] = [:]
    /// Whether clients haven't heard yet which outputs their surfaces are on.
    private var surfaceOutputsAreStale = false
    /// Surfaces whose clients wait to hear of a frame.
    private var waiting: [ObjectIdentifier: Surface] = [:]
    private let hiddenFrames: HiddenFrames

    init(clock: any Clock) {
        hiddenFrames = HiddenFrames(clock: clock)
        hiddenFrames.action = { [unowned self] time in sendHiddenFrameCallbacks(time: time) }
    }

    // MARK: Outputs

    func add(_ output: Output) {
        outputs.append(output)
        layoutChanged()
        output.addDamage(output.bounds)
    }

    /// The output for a window that asked for none.
    var primaryOutput: Output? { outputs.first }

    // MARK: Nodes

    /// Puts a node in front of all others.
    func insert(_ node: any SceneNode) {
        nodes.append(node)
        layoutChanged()
        damage(node)
    }

    /// Takes a node out.
    func remove(_ node: any SceneNode) {
        guard nodes.contains(where: { $0 === node }) else { return }
        damage(node)
        nodes.removeAll { $0 === node }
        layout[ObjectIdentifier(node)] = nil
        layoutChanged()
    }

    /// Puts a node that is in the scene in front of all others.
    func raise(_ node: any SceneNode) {
        guard nodes.last !== node, nodes.contains(where: { $0 === node }) else { return }
        nodes.removeAll { $0 === node }
        nodes.append(node)
        layoutChanged()
        damage(node)
    }

    /// Lets `body` change where a node's surfaces are.
    func change(_ node: any SceneNode, _ body: () -> Void) {
        damage(node)
        body()
        layout[ObjectIdentifier(node)] = nil
        layoutChanged()
        damage(node)
    }

    /// All surfaces that are shown, back to front.
    var placedSurfaces: [PlacedSurface] {
        if let cachedSurfaces { return cachedSurfaces }
        let surfaces = nodes.flatMap(placedSurfaces(of:))
        cachedSurfaces = surfaces
        cachedIndices.removeAll(keepingCapacity: true)
        for (index, placed) in surfaces.enumerated() { cachedIndices[ObjectIdentifier(placed.surface)] = index }
        return surfaces
    }

    /// Where a surface is, if it is shown.
    private func place(of surface: Surface) -> PlacedSurface? {
        let surfaces = placedSurfaces
        return cachedIndices[ObjectIdentifier(surface)].map { surfaces[$0] }
    }

    private func placedSurfaces(of node: any SceneNode) -> [PlacedSurface] {
        if let placed = layout[ObjectIdentifier(node)] { return placed }
        let placed = node.placedSurfaces
        layout[ObjectIdentifier(node)] = placed
        return placed
    }

    // MARK: Surfaces

    /// A commit took effect.
    func didCommit(_ surface: Surface, _ change: Surface.Change) {
        if change.isReshaped || !change.damage.isEmpty, let placed = place(of: surface) {
            addDamage(change.damage.translated(by: placed.bounds.origin))
            if change.isReshaped {
                addDamage(Region(placed.bounds))
                layout.removeAll(keepingCapacity: true)
                layoutChanged()
                if let new = place(of: surface) { addDamage(Region(new.bounds)) }
            }
        }
        if !surface.frameCallbacks.isEmpty { awaitFrame(surface) }
    }

    /// The surface is gone.
    func remove(_ surface: Surface) {
        if !waiting.isEmpty { waiting[ObjectIdentifier(surface)] = nil }
        if !surfacesOnOutputs.isEmpty { surfacesOnOutputs[ObjectIdentifier(surface)] = nil }
    }

    private func damage(_ node: any SceneNode) {
        for placed in placedSurfaces(of: node) { addDamage(Region(placed.bounds)) }
    }

    private func addDamage(_ damage: Region) {
        if damage.isEmpty { return }
        for output in outputs { output.addDamage(damage) }
    }

    private func layoutChanged() {
        cachedSurfaces = nil
        cachedVisibility = nil
        surfaceOutputsAreStale = true
        // Once for a burst of changes, before anything is drawn or awaited.
        for output in outputs { output.requestFrame() }
    }

    // MARK: Visibility and frame callbacks

    /// Where a surface can be seen: not covered by what is opaque in front of it, on which outputs.
    private var visibility: [ObjectIdentifier: [Output]] {
        if let cachedVisibility { return cachedVisibility }
        var result: [ObjectIdentifier: [Output]] = [:]
        for output in outputs {
            var uncovered = Region(output.bounds)
            for placed in placedSurfaces.reversed() {
                let visible = uncovered.intersection(placed.bounds)
                if visible.isEmpty { continue }
                result[ObjectIdentifier(placed.surface), default: []].append(output)
                uncovered.subtract(placed.opaqueRegion)
            }
        }
        cachedVisibility = result
        return result
    }

    private func awaitFrame(_ surface: Surface) {
        waiting[ObjectIdentifier(surface)] = surface
        if let output = visibility[ObjectIdentifier(surface)]?.first {
            output.requestFrame()
        } else {
            hiddenFrames.request()
        }
    }

    /// `output` has shown a frame at `time`, in milliseconds: those that can be seen on it may go on drawing.
    func sendFrameCallbacks(of output: Output, time: UInt32) {
        updateSurfaceOutputs()
        for (key, surface) in waiting {
            guard let first = visibility[key]?.first else {
                hiddenFrames.request()
                continue
            }
            guard first === output else {
                first.requestFrame()
                continue
            }
            waiting[key] = nil
            surface.sendFrameCallbacks(time: time)
        }
    }

    private func sendHiddenFrameCallbacks(time: UInt32) {
        for (key, surface) in waiting {
            if let output = visibility[key]?.first {
                output.requestFrame()
            } else {
                waiting[key] = nil
                surface.sendFrameCallbacks(time: time)
            }
        }
    }

    /// Tells clients which outputs their surfaces are on.
    private func updateSurfaceOutputs() {
        guard surfaceOutputsAreStale else { return }
        surfaceOutputsAreStale = false
        var gone = surfacesOnOutputs
        for placed in placedSurfaces {
            let key = ObjectIdentifier(placed.surface)
            gone[key] = nil
            surfacesOnOutputs[key] = placed.surface
            placed.surface.setOutputs(outputs.filter { !$0.bounds.intersection(placed.bounds).isEmpty })
        }
        for (key, surface) in gone {
            surfacesOnOutputs[key] = nil
            surface.setOutputs([])
        }
    }
}
