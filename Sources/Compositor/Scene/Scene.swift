internal import Pixels

/// What is to be seen: nodes, back to front, on a plane of global coordinates in which each viewer is a rectangle.
///
/// The scene knows where surfaces are and what has changed; viewers draw it when they see fit. Changes come in through
/// ``insert(_:)``, ``remove(_:)``, ``setNeedsLayout(_:)``, ``redraw(_:of:)`` and ``addDamage(_:of:)``, and reach the
/// viewers as damage. Nothing is laid out before somebody looks.
final class Scene {
    /// Back to front.
    private(set) var nodes: [any SceneNode] = []
    private var viewers: [any SceneViewer] = []
    /// Those who look at something by the way: who is seen, and what is left out, doesn't go by them.
    private var listeners = OrderedDictionary<ObjectIdentifier, any SceneListener>()
    /// What each node showed when it was last laid out.
    private var layout: [ObjectIdentifier: [PlacedItem]] = [:]
    /// Nodes that have to be laid out anew before anything is drawn.
    private var staleNodes = OrderedDictionary<ObjectIdentifier, any SceneNode>()
    /// Nodes that came standing on another.
    private var standing: Set<ObjectIdentifier> = []
    /// All items, back to front; made anew after a change.
    private var cachedItems: [PlacedItem]?
    /// For which state of the scene it was found out who can be seen; 0 after a change.
    private var visibilityVersion: UInt64 = 0
    /// The newest of these.
    private var lastVisibilityVersion: UInt64 = 0
    /// How far it was found out, by viewer; none where that was done for all items.
    private var walks: [VisibilityWalk] = []
    /// How many items were found to be seen so far.
    private(set) var seenItems = 0
    /// What is left out, and by which viewer.
    private var omissions: [(item: PlacedItem, viewer: Int)] = []
    /// Counts whatever may have changed which items there are, where they are, and who shows them.
    private(set) var layoutVersion: UInt64 = 0

    // MARK: Viewers

    func add(_ viewer: any SceneViewer) {
        viewers.append(viewer)
        layoutChanged()
        viewer.addDamage(viewer.bounds)
    }

    func remove(_ viewer: any SceneViewer) {
        viewers.removeAll { $0 === viewer }
        // They are numbered anew.
        for omission in omissions { omission.item.drawable.note.omissions = 0 }
        if !omissions.isEmpty { for viewer in viewers { viewer.addDamage(viewer.bounds) } }
        omissions = []
        layoutChanged()
    }

    /// Tells of changes also somebody who is no viewer, until ``unfollow(_:)``.
    func follow(_ listener: any SceneListener) { listeners[ObjectIdentifier(listener)] = listener }

    func unfollow(_ listener: any SceneListener) { listeners[ObjectIdentifier(listener)] = nil }

    /// A viewer shows something else than before, or in another way.
    func viewerChanged(_ viewer: any SceneViewer) {
        layoutChanged()
        viewer.addDamage(viewer.bounds)
    }

    /// Whether who is seen is found out when somebody draws.
    var willBeLaidOut: Bool { !staleNodes.isEmpty && !viewers.isEmpty }

    /// Lets go of all that was seen, which may hold the scene.
    func end() {
        (nodes, layout, standing, omissions, walks) = ([], [:], [], [], [])
        (staleNodes, listeners) = (OrderedDictionary(), OrderedDictionary())
        cachedItems = nil
    }

    // MARK: Nodes

    /// Puts a node in front of all others of its layer, or of all that stand above its base.
    func insert(_ node: any SceneNode) {
        stack(node)
        if node.base != nil { standing.insert(ObjectIdentifier(node)) }
        layout[ObjectIdentifier(node)] = []
        setNeedsLayout(node)
    }

    /// Takes a node out.
    func remove(_ node: any SceneNode) { remove([node]) }

    /// Takes nodes out, at the cost of one.
    func remove(_ gone: [any SceneNode]) {
        var removed: Set<ObjectIdentifier> = []
        for node in gone {
            let key = ObjectIdentifier(node)
            guard let items = layout.removeValue(forKey: key) else { continue }
            removed.insert(key)
            standing.remove(key)
            staleNodes[key] = nil
            for item in items {
                item.drawable.note.place = nil
                addDamage(item.shown)
            }
        }
        if removed.isEmpty { return }
        nodes.removeAll { removed.contains(ObjectIdentifier($0)) }
        layoutChanged()
    }

    /// Puts a node where new ones go.
    private func stack(_ node: any SceneNode) {
        var index = nodes.firstIndex { $0.layer.rawValue > node.layer.rawValue } ?? nodes.endIndex
        if let base = node.base, let start = nodes.firstIndex(where: { $0 === base }) { index = familyEnd(start) }
        nodes.insert(node, at: index)
    }

    /// The first place after a node and those that stand above it.
    private func familyEnd(_ start: Int) -> Int {
        var family: Set<ObjectIdentifier> = [ObjectIdentifier(nodes[start])]
        var end = start + 1
        while end < nodes.endIndex, let base = nodes[end].base, family.contains(ObjectIdentifier(base)) {
            family.insert(ObjectIdentifier(nodes[end]))
            end += 1
        }
        return end
    }

    /// Puts nodes of one layer in front of all others of it, in this order, each with those that stand above it.
    func raise(_ raised: [any SceneNode]) {
        guard let layer = raised.first?.layer else { return }
        var places: [ObjectIdentifier: Int] = [:]
        for (place, node) in raised.enumerated() { places[ObjectIdentifier(node)] = place }
        var families = [[any SceneNode]](repeating: [], count: raised.count)
        var others: [any SceneNode] = []
        for node in nodes {
            // What stands on another comes behind it.
            let place = places[ObjectIdentifier(node)] ?? node.base.flatMap { places[ObjectIdentifier($0)] }
            if let place {
                places[ObjectIdentifier(node)] = place
                families[place].append(node)
            } else {
                others.append(node)
            }
        }
        let family = families.flatMap { $0 }
        let index = others.firstIndex { $0.layer.rawValue > layer.rawValue } ?? others.endIndex
        others.insert(contentsOf: family, at: index)
        if zip(nodes, others).allSatisfy({ $0 === $1 }) { return }
        nodes = others
        for node in family {
            for item in layout[ObjectIdentifier(node)] ?? [] { addDamage(item.shown) }
        }
        layoutChanged()
    }

    /// Whether a node is behind another one.
    func isBehind(_ node: any SceneNode, _ other: any SceneNode) -> Bool {
        nodes.first { $0 === node || $0 === other } === node
    }

    /// Has a node laid out anew, as its items aren't what or where they were.
    func setNeedsLayout(_ node: any SceneNode) {
        guard layout[ObjectIdentifier(node)] != nil else { return changedOutside() }
        staleNodes[ObjectIdentifier(node)] = node
        layoutChanged()
    }

    /// Has an item of a node drawn anew, all over.
    func redraw(_ drawable: Drawable, of node: any SceneNode) {
        drawable.note.isReshaped = true
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

    /// A node's items, and those of what stands on it, back to front; also where it isn't in the scene.
    func items(of node: any SceneNode) -> [PlacedItem] {
        update()
        guard let start = nodes.firstIndex(where: { $0 === node }) else { return node.items }
        return nodes[start..<familyEnd(start)].flatMap { layout[ObjectIdentifier($0)] ?? [] }
    }

    /// All items of a layer, back to front.
    func items(in layer: SceneLayer) -> [PlacedItem] {
        update()
        return nodes.filter { $0.layer == layer }.flatMap { layout[ObjectIdentifier($0)] ?? [] }
    }

    /// What is at a place.
    struct Hit {
        let node: any SceneNode
        /// The node's item that takes input there.
        let drawable: Drawable
        /// The place in its coordinates.
        let local: Position
    }

    /// The frontmost item that takes input at a place in global coordinates.
    func hit(at position: Position) -> Hit? {
        update()
        let point = position.pixel
        let omitted = viewers.firstIndex { $0.bounds.contains(point) }.map(Self.bit) ?? 0
        for node in nodes.reversed() where node.layer.takesInput {
            for item in (layout[ObjectIdentifier(node)] ?? []).reversed()
            where item.shown.contains(point) && item.drawable.note.omissions & omitted == 0 {
                let local = Point(x: point.x - item.bounds.x, y: point.y - item.bounds.y)
                guard item.drawable.takesInput(at: local) else { continue }
                return Hit(node: node, drawable: item.drawable, local: position.from(item.bounds.origin))
            }
        }
        return nil
    }

    /// Where an item is, in global coordinates; nil where it isn't in the scene.
    func place(of drawable: Drawable) -> Rectangle? {
        update()
        return drawable.note.place
    }

    /// Lays out what has changed since the last time, once for a burst of changes.
    func update() {
        if staleNodes.isEmpty { return }
        // What stands on another goes where that goes; it comes behind it.
        if !standing.isEmpty, staleNodes.values.contains(where: { $0.layer.takesInput }) {
            for node in nodes where standing.contains(ObjectIdentifier(node)) {
                guard let base = node.base, staleNodes[ObjectIdentifier(base)] != nil else { continue }
                staleNodes[ObjectIdentifier(node)] = node
            }
        }
        let stale = staleNodes
        staleNodes = OrderedDictionary()
        let nodes = stale.values
        let old = nodes.map { layout[ObjectIdentifier($0)] ?? [] }
        // All old places go before the new ones come: an item may have moved from one node to another.
        for items in old { for item in items { item.drawable.note.place = nil } }
        let new = nodes.map { $0.items }
        for (node, items) in zip(nodes, new) {
            layout[ObjectIdentifier(node)] = items
            for item in items { item.drawable.note.place = item.bounds }
        }
        for (old, new) in zip(old, new) { addDamage(from: old, to: new) }
        for items in new { for item in items { item.drawable.note.isReshaped = false } }
        cachedItems = nil
        visibilityVersion = 0
    }

    /// A node's items are others than before, or elsewhere.
    private func addDamage(from old: [PlacedItem], to new: [PlacedItem]) {
        // Where the order is another one, anything may have come to the front.
        let isReordered = old.count != new.count || old.indices.contains { old[$0].drawable !== new[$0].drawable }
        for item in old {
            let drawable = item.drawable
            let place = drawable.note.place
            guard isReordered || drawable.note.isReshaped || place != item.bounds else { continue }
            guard let place, item.shown == item.bounds else {
                addDamage(item.shown)
                if let place { addDamage(place) }
                continue
            }
            // What moves a little is one rectangle, where that isn't larger than the two.
            let both = item.shown.union(place)
            if both.area - place.area <= item.shown.area {
                addDamage(both)
            } else {
                addDamage(item.shown)
                addDamage(place)
            }
        }
        if isReordered { for item in new { addDamage(item.shown) } }
    }

    /// An item looks different in a part of it, in its own coordinates.
    func addDamage(_ damage: Region, of drawable: Drawable) {
        guard let place = drawable.note.place else { return changedOutside() }
        addDamage(damage.translated(by: place.origin))
    }

    private func changedOutside() {
        if !listeners.isEmpty { for listener in listeners.values { listener.changedOutside() } }
    }

    private func addDamage(_ damage: Region) {
        if damage.isEmpty { return }
        for viewer in viewers { viewer.addDamage(damage) }
        for listener in listeners.values { listener.addDamage(damage) }
    }

    private func addDamage(_ damage: Rectangle) {
        for viewer in viewers { viewer.addDamage(damage) }
        tellListeners(damage)
    }

    private func tellListeners(_ damage: Rectangle) {
        for listener in listeners.values { listener.addDamage(damage) }
    }

    private func layoutChanged() {
        cachedItems = nil
        visibilityVersion = 0
        layoutVersion += 1
        // Once for a burst of changes, before anything is drawn or awaited.
        for viewer in viewers { viewer.requestFrame() }
        for listener in listeners.values { listener.requestFrame() }
    }

    // MARK: Visibility

    /// The first, of those that were added, who shows an item or something that is a part of it: where it isn't covered
    /// by what is opaque in front.
    func viewer(of drawable: Drawable) -> (any SceneViewer)? {
        prepare()
        for index in walks.indices {
            while drawable.note.version != visibilityVersion, let item = walks[index].next(in: items) {
                noteVisible(item.drawable, by: index)
            }
        }
        return drawable.note.version == visibilityVersion ? viewers[drawable.note.viewer] : nil
    }

    /// Lays out what has changed, and finds out what is left out: all damage is told of then. What can be seen is found
    /// out when it is asked for, where there is nothing to leave out.
    func prepare() {
        let items = items
        if visibilityVersion != 0 { return }
        lastVisibilityVersion += 1
        visibilityVersion = lastVisibilityVersion
        walks = viewers.map { VisibilityWalk(of: $0, over: items.count) }
        if omissions.isEmpty, viewers.allSatisfy({ DrawingBudget.isAmple(for: items, of: $0) }) { return }
        let earlier = omissions
        omissions = []
        for omission in earlier { omission.item.drawable.note.earlierOmissions |= Self.bit(omission.viewer) }
        for omission in earlier { omission.item.drawable.note.omissions = 0 }
        for (index, viewer) in viewers.enumerated() {
            var budget = DrawingBudget(of: viewer)
            // What is left out hides nothing, and its client hears of frames as if it were hidden.
            let isLeftOut = { (item: PlacedItem, area: Int) in
                if budget.spend(on: item, area: area) { return false }
                item.drawable.note.omissions |= Self.bit(index)
                self.omissions.append((item, index))
                return true
            }
            while let item = walks[index].next(in: items, isLeftOut: isLeftOut) {
                noteVisible(item.drawable, by: index)
            }
        }
        walks = []
        redrawOmissions(earlier)
    }

    /// What a viewer draws, back to front: all items but those that it leaves out, as too much would be drawn for their
    /// owners.
    func items(drawnFor viewer: any SceneViewer) -> [PlacedItem] {
        prepare()
        guard !omissions.isEmpty, let index = viewers.firstIndex(where: { $0 === viewer }) else { return items }
        return items.filter { $0.drawable.note.omissions & Self.bit(index) == 0 }
    }

    /// What wasn't left out before, and what isn't any more, looks different.
    private func redrawOmissions(_ earlier: [(item: PlacedItem, viewer: Int)]) {
        for (item, viewer) in omissions where item.drawable.note.earlierOmissions & Self.bit(viewer) == 0 {
            viewers[viewer].addDamage(item.shown)
            tellListeners(item.shown)
        }
        for (item, viewer) in earlier {
            item.drawable.note.earlierOmissions = 0
            let isOmitted = item.drawable.note.omissions & Self.bit(viewer) != 0
            guard !isOmitted, viewers.indices.contains(viewer) else { continue }
            viewers[viewer].addDamage(item.shown)
            tellListeners(item.shown)
        }
    }

    /// A bit for a viewer; those beyond the last leave nothing out.
    private static func bit(_ index: Int) -> UInt64 { index < UInt64.bitWidth ? 1 << UInt64(index) : 0 }

    /// What can be seen is so with all that it is a part of.
    private func noteVisible(_ drawable: Drawable, by viewer: Int) {
        seenItems += 1
        var next: Drawable? = drawable
        while let drawable = next, drawable.note.version != visibilityVersion {
            drawable.note.version = visibilityVersion
            drawable.note.viewer = viewer
            next = drawable.whole
        }
    }
}
