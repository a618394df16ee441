internal import Pixels

/// What is to be seen: nodes, back to front, on a plane of global coordinates in which each output is a rectangle.
///
/// The scene knows where surfaces are and what has changed; outputs draw it when they see fit. Changes come in through
/// ``insert(_:)``, ``remove(_:)`` and ``setNeedsLayout(_:)``, and reach the outputs as damage.
final class Scene {
    /// Back to front.
    private(set) var nodes: [any SceneNode] = []
    private(set) var outputs: [Output] = []
    /// What each node showed when it was last laid out.
    private var layout: [ObjectIdentifier: [PlacedItem]] = [:]
    /// Where each item was when its node was last laid out, in global coordinates.
    private var places: [ObjectIdentifier: Rectangle] = [:]
    /// Nodes that have to be laid out anew before anything is drawn.
    private var staleNodes = OrderedDictionary<ObjectIdentifier, any SceneNode>()
    /// Items that look different all over, whose node has to be laid out anew.
    private var reshaped: Set<ObjectIdentifier> = []
    /// All items, back to front; made anew after a change.
    private var cachedItems: [PlacedItem]?
    /// Which items can be seen, on which output; made anew after a change.
    private var cachedVisibility: [ObjectIdentifier: [Output]]?
    /// Surfaces whose clients were told of outputs.
    private var surfacesOnOutputs = OrderedDictionary<ObjectIdentifier, Surface>()
    /// Whether clients haven't heard yet which outputs their surfaces are on.
    private var surfaceOutputsAreStale = false
    /// Surfaces whose clients wait to hear of a frame, in the order in which they began to wait.
    private var waiting = OrderedDictionary<ObjectIdentifier, Surface>()
    private let clock: any Clock
    private let hiddenFrames: HiddenFrames

    init(clock: any Clock) {
        self.clock = clock
        hiddenFrames = HiddenFrames(clock: clock)
        hiddenFrames.action = { [unowned self] time in sendHiddenFrameCallbacks(time: time) }
    }

    // MARK: Outputs

    func add(_ output: Output) {
        outputs.append(output)
        layoutChanged()
        output.addDamage(output.bounds)
    }

    /// Takes an output away. Surfaces on it leave it at once.
    func remove(_ output: Output) {
        outputs.removeAll { $0 === output }
        layoutChanged()
        updateSurfaceOutputs()
        if !waiting.isEmpty { hiddenFrames.request() }
    }

    /// The output for a window that asked for none.
    var primaryOutput: Output? { outputs.first }

    // MARK: Nodes

    /// Puts a node in front of all others of its layer.
    func insert(_ node: any SceneNode) {
        stack(node)
        layout[ObjectIdentifier(node)] = []
        setNeedsLayout(node)
    }

    /// Takes a node out.
    func remove(_ node: any SceneNode) {
        guard let items = layout.removeValue(forKey: ObjectIdentifier(node)) else { return }
        nodes.removeAll { $0 === node }
        staleNodes[ObjectIdentifier(node)] = nil
        for item in items {
            places[item.key] = nil
            addDamage(Region(item.bounds))
        }
        layoutChanged()
    }

    private func stack(_ node: any SceneNode) {
        let index = nodes.firstIndex { $0.layer.rawValue > node.layer.rawValue } ?? nodes.endIndex
        nodes.insert(node, at: index)
    }

    /// Puts a node that is in the scene in front of all others of its layer.
    func raise(_ node: any SceneNode) {
        guard nodes.last !== node, let items = layout[ObjectIdentifier(node)] else { return }
        nodes.removeAll { $0 === node }
        stack(node)
        for item in items { addDamage(Region(item.bounds)) }
        layoutChanged()
    }

    /// Has a node laid out anew, as its items aren't what or where they were.
    func setNeedsLayout(_ node: any SceneNode) {
        guard layout[ObjectIdentifier(node)] != nil else { return }
        staleNodes[ObjectIdentifier(node)] = node
        layoutChanged()
    }

    /// Has an item of a node drawn anew, all over.
    func redraw(_ drawable: any Drawable, of node: any SceneNode) {
        reshaped.insert(ObjectIdentifier(drawable))
        setNeedsLayout(node)
    }

    /// All items, back to front.
    var items: [PlacedItem] {
        update()
        if let cachedItems { return cachedItems }
        let items = nodes.flatMap { layout[ObjectIdentifier($0)] ?? [] }
        cachedItems = items
        return items
    }

    /// The frontmost surface that takes input at a place in global coordinates, and the place in its coordinates.
    func surface(at point: Point) -> (surface: Surface, local: Point)? {
        for item in items.reversed() {
            guard let surface = item.surface, Region(item.bounds).contains(point) else { continue }
            let local = Point(x: point.x - item.bounds.x, y: point.y - item.bounds.y)
            if surface.takesInput(at: local) { return (surface, local) }
        }
        return nil
    }

    /// Lays out what has changed since the last time, once for a burst of changes.
    func update() {
        if staleNodes.isEmpty { return }
        let stale = staleNodes
        staleNodes = OrderedDictionary()
        let changes = stale.values.map { node in (node: node, old: layout[ObjectIdentifier(node)] ?? []) }
        // All old places go before the new ones come: an item may have moved from one node to another.
        for (_, old) in changes { for item in old { places[item.key] = nil } }
        for (node, _) in changes {
            let new = node.items
            layout[ObjectIdentifier(node)] = new
            for item in new { places[item.key] = item.bounds }
        }
        for (node, old) in changes {
            let new = layout[ObjectIdentifier(node)] ?? []
            // Where the order is another one, anything may have come to the front.
            let isReordered = !old.elementsEqual(new) { $0.key == $1.key }
            for item in old where isReordered || reshaped.contains(item.key) || places[item.key] != item.bounds {
                addDamage(Region(item.bounds))
                if let place = places[item.key] { addDamage(Region(place)) }
            }
            if isReordered { for item in new { addDamage(Region(item.bounds)) } }
        }
        reshaped = []
        cachedItems = nil
        cachedVisibility = nil
    }

    // MARK: Surfaces

    /// A commit took effect.
    func didCommit(_ surface: Surface, _ change: Surface.Change) {
        if change.isReshaped {
            if let node = surface.node {
                reshaped.insert(ObjectIdentifier(surface))
                setNeedsLayout(node)
            }
        } else if !change.damage.isEmpty, let place = places[ObjectIdentifier(surface)] {
            addDamage(change.damage.translated(by: place.origin))
        }
        if surface.waitsForFrame { awaitFrame(surface) }
    }

    /// The surface is gone.
    func remove(_ surface: Surface) {
        if !waiting.isEmpty { waiting[ObjectIdentifier(surface)] = nil }
        if !surfacesOnOutputs.isEmpty { surfacesOnOutputs[ObjectIdentifier(surface)] = nil }
    }

    private func addDamage(_ damage: Region) {
        if damage.isEmpty { return }
        for output in outputs { output.addDamage(damage) }
    }

    private func layoutChanged() {
        cachedItems = nil
        cachedVisibility = nil
        surfaceOutputsAreStale = true
        // Once for a burst of changes, before anything is drawn or awaited.
        for output in outputs { output.requestFrame() }
    }

    // MARK: Visibility and frame callbacks

    /// The time as frame callbacks carry it, in milliseconds.
    var time: UInt32 { milliseconds(clock.now) }

    /// Where a surface can be seen: not covered by what is opaque in front of it, on which outputs.
    private var visibility: [ObjectIdentifier: [Output]] {
        let items = items
        if let cachedVisibility { return cachedVisibility }
        var result: [ObjectIdentifier: [Output]] = [:]
        for output in outputs {
            var uncovered = Region(output.bounds)
            for item in items.reversed() {
                let visible = uncovered.intersection(item.bounds)
                if visible.isEmpty { continue }
                result[item.key, default: []].append(output)
                uncovered.subtract(item.drawable.appearance.opaqueRegion.translated(by: item.bounds.origin))
            }
        }
        cachedVisibility = result
        return result
    }

    private func awaitFrame(_ surface: Surface) {
        waiting[ObjectIdentifier(surface)] = surface
        // A change of the layout has asked for a frame already; who is to be seen then is found out then.
        if !staleNodes.isEmpty, !outputs.isEmpty { return }
        if let output = visibility[ObjectIdentifier(surface)]?.first {
            output.requestFrame()
        } else {
            hiddenFrames.request()
        }
    }

    /// `output` has had its turn at `time`: those that can be seen on it may go on drawing, and hear when they were
    /// shown. Where nothing could be drawn there is no `presentation`, and they hear that after a later turn.
    func sendFrameCallbacks(of output: Output, time: UInt64, _ presentation: Presentation?) {
        updateSurfaceOutputs()
        for surface in waiting.values {
            let key = ObjectIdentifier(surface)
            guard let first = visibility[key]?.first else {
                hiddenFrames.request()
                continue
            }
            guard first === output else {
                first.requestFrame()
                continue
            }
            if let presentation { surface.sendFeedback(presentation) }
            surface.sendFrameCallbacks(time: milliseconds(time))
            if !surface.waitsForFrame { waiting[key] = nil }
        }
    }

    private func sendHiddenFrameCallbacks(time: UInt32) {
        for surface in waiting.values {
            let key = ObjectIdentifier(surface)
            if let output = visibility[key]?.first {
                output.requestFrame()
            } else {
                waiting[key] = nil
                surface.sendFeedback(nil)
                surface.sendFrameCallbacks(time: time)
            }
        }
    }

    /// Tells clients which outputs their surfaces are on.
    private func updateSurfaceOutputs() {
        guard surfaceOutputsAreStale else { return }
        surfaceOutputsAreStale = false
        var gone = surfacesOnOutputs
        for item in items {
            guard let surface = item.surface else { continue }
            gone[item.key] = nil
            surfacesOnOutputs[item.key] = surface
            surface.setOutputs(outputs.filter { !$0.bounds.intersection(item.bounds).isEmpty })
        }
        for surface in gone.values {
            surfacesOnOutputs[ObjectIdentifier(surface)] = nil
            surface.setOutputs([])
        }
    }
}
