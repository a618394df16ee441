internal import Pixels
internal import WaylandServer

/// A surface's children, back to front: those behind it, and those in front of it.
///
/// Order and places belong to the parent's state, and change with its commits.
struct SubsurfaceStack: SurfaceStatePart {
    static let changesTree = true

    struct Entry {
        let subsurface: Subsurface
        /// The corner, in the parent's surface coordinates.
        var position: Point
    }

    private var below: [Entry]?
    private var above: [Entry]?

    /// Those behind the parent, the hindmost first.
    var behind: [Entry] { below ?? [] }
    /// Those in front of the parent, the hindmost first.
    var inFront: [Entry] { above ?? [] }
    var count: Int { behind.count + inFront.count }
    /// Whether this state says anything about children.
    var isSet: Bool { above != nil }

    mutating func apply(_ newer: SubsurfaceStack) {
        if newer.isSet { self = newer }
    }

    func contains(_ subsurface: Subsurface) -> Bool {
        index(of: subsurface, in: above) != nil || index(of: subsurface, in: below) != nil
    }

    func forEach(_ body: (Entry) -> Void) {
        below?.forEach(body)
        above?.forEach(body)
    }

    /// Puts a new child in front of all others.
    mutating func append(_ subsurface: Subsurface) {
        if below == nil { below = [] }
        if above == nil { above = [] }
        above!.append(Entry(subsurface: subsurface, position: Point(x: 0, y: 0)))
    }

    mutating func remove(_ subsurface: Subsurface) {
        below?.removeAll { $0.subsurface === subsurface }
        above?.removeAll { $0.subsurface === subsurface }
    }

    mutating func move(_ subsurface: Subsurface, to position: Point) {
        if let index = index(of: subsurface, in: above) {
            above![index].position = position
        } else if let index = index(of: subsurface, in: below) {
            below![index].position = position
        }
    }

    /// Puts a child next to a sibling, or next to the parent where that is nil. False where there is no such sibling.
    mutating func place(_ subsurface: Subsurface, above isAbove: Bool, _ sibling: Subsurface?) -> Bool {
        guard let entry = (behind + inFront).first(where: { $0.subsurface === subsurface }) else { return false }
        if let sibling, sibling === subsurface || !(behind + inFront).contains(where: { $0.subsurface === sibling }) {
            return false
        }
        remove(subsurface)
        switch sibling {
        case nil where isAbove: above!.insert(entry, at: 0)
        case nil: below!.append(entry)
        case let sibling?:
            if let index = index(of: sibling, in: below) {
                below!.insert(entry, at: isAbove ? index + 1 : index)
            } else if let index = index(of: sibling, in: above) {
                above!.insert(entry, at: isAbove ? index + 1 : index)
            }
        }
        return true
    }

    private func index(of subsurface: Subsurface, in entries: [Entry]?) -> Int? {
        guard let entries else { return nil }
        // It is usually where it was.
        let place = subsurface.lastPlace
        if place < entries.count, entries[place].subsurface === subsurface { return place }
        guard let found = entries.firstIndex(where: { $0.subsurface === subsurface }) else { return nil }
        subsurface.lastPlace = found
        return found
    }
}

/// `wl_subsurface`: a surface that is shown as a part of another one.
///
/// While it is synchronised, or an ancestor is, its commits wait for the parent's, so that both change in one frame.
final class Subsurface: WlSubsurface.Requests, SurfaceRole {
    private let resource: WlSubsurface
    /// Let go when either of the two objects is destroyed.
    private(set) var surface: Surface?
    /// Let go when it, or one of the two, is destroyed.
    private(set) var parent: Surface?
    private var isSynchronous = true
    /// Where it was in a stack when that was last looked for.
    fileprivate var lastPlace = 0

    init(resource: WlSubsurface, surface: Surface, parent: Surface) {
        self.resource = resource
        self.surface = surface
        self.parent = parent
    }

    /// The object of the surface's role that it is a child of, if that is a child itself.
    private var parentSubsurface: Subsurface? { parent?.role as? Subsurface }

    /// How many surfaces it takes from here to one that is no subsurface.
    var depth: Int {
        var (depth, ancestor) = (1, parentSubsurface)
        while let next = ancestor {
            depth += 1
            ancestor = next.parentSubsurface
        }
        return depth
    }

    // MARK: SurfaceRole

    var node: (any SceneNode)? { parent?.node }

    var holdsCommits: Bool { isSynchronous || (parentSubsurface?.holdsCommits ?? false) }

    var mayOutliveSurface: Bool { true }

    func surfaceDestroyed(_ surface: Surface) {
        leaveParent()
        self.surface = nil
    }

    private func leaveParent() {
        parent?.changeEverywhere(SubsurfaceStack.self) { $0.remove(self) }
        parent?.removeChild(self)
        parent = nil
    }

    // MARK: Requests

    func destroyed(_ resource: WlSubsurface) {
        leaveParent()
        surface?.detachRole()
        surface?.submitHeld()
        surface?.releaseChildren()
        surface = nil
    }

    /// The surface that it is a part of is gone, and it isn't seen any more.
    func parentDestroyed() {
        parent = nil
        release()
    }

    func setPosition(_ resource: WlSubsurface, x: Int32, y: Int32) throws(ProtocolError) {
        changePendingStack { $0.move(self, to: Point(x: Int(x), y: Int(y))) }
    }

    func placeAbove(_ resource: WlSubsurface, sibling: WlSurface) throws(ProtocolError) {
        try place(above: true, sibling)
    }

    func placeBelow(_ resource: WlSubsurface, sibling: WlSurface) throws(ProtocolError) {
        try place(above: false, sibling)
    }

    private func place(above isAbove: Bool, _ sibling: WlSurface) throws(ProtocolError) {
        guard let parent else { return }
        let other = sibling.handler as? Surface
        var isPlaced = false
        if other === parent {
            changePendingStack { isPlaced = $0.place(self, above: isAbove, nil) }
        } else if let subsurface = other?.role as? Subsurface {
            changePendingStack { isPlaced = $0.place(self, above: isAbove, subsurface) }
        }
        guard isPlaced else {
            throw ProtocolError(
                WlSubsurface.Error.badSurface,
                "wl_surface@\(sibling.id) is neither a sibling nor the parent of wl_subsurface@\(resource.id)"
            )
        }
    }

    /// Changes the stack that the parent's next commit brings.
    private func changePendingStack(_ change: (inout SubsurfaceStack) -> Void) {
        guard let parent else { return }
        if !parent.pending[SubsurfaceStack.self].isSet {
            parent.pending[SubsurfaceStack.self] = parent.newest[SubsurfaceStack.self]
        }
        change(&parent.pending[SubsurfaceStack.self])
    }

    /// Adds itself to the stack, in front, from the parent's next commit on.
    func joinParent() {
        parent?.addChild(self)
        changePendingStack { $0.append(self) }
    }

    func setSync(_ resource: WlSubsurface) throws(ProtocolError) {
        isSynchronous = true
    }

    func setDesync(_ resource: WlSubsurface) throws(ProtocolError) {
        guard isSynchronous else { return }
        isSynchronous = false
        if !holdsCommits { release() }
    }

    /// Shows what was held in a subtree whose parent waits for nobody.
    fileprivate func release() {
        guard !isSynchronous, let surface else { return }
        surface.submitHeld()
        surface.releaseChildren()
    }
}

extension Surface {
    /// Shows what was held in children that wait for nobody any more.
    fileprivate func releaseChildren() {
        for child in children { child.release() }
    }

    /// How many levels of children it has, whether they are shown or not. Limits keep the walk short.
    var levelsBelow: Int {
        children.isEmpty ? 0 : 1 + (children.map { $0.surface?.levelsBelow ?? 0 }.max() ?? 0)
    }
}

/// `wl_subcompositor`: makes surfaces parts of others.
final class SubcompositorGlobal: WlSubcompositor.Requests, Service {
    private let limits: Limits

    init(limits: Limits) {
        self.limits = limits
    }

    func bind(_ resource: WlSubcompositor) { resource.handler = self }

    func getSubsurface(
        _ resource: WlSubcompositor,
        id: WlSubsurface,
        surface: WlSurface,
        parent: WlSurface
    ) throws(ProtocolError) {
        let (child, parent) = (try Surface.of(surface), try Surface.of(parent))
        let bad = { ProtocolError(WlSubcompositor.Error.badSurface, $0) }
        var ancestor: Surface? = parent
        while let surface = ancestor {
            guard surface !== child else {
                throw bad("wl_surface@\(surface.resource.id) can't be its own parent, or its parent's")
            }
            ancestor = surface.role?.parent
        }
        let subsurface = Subsurface(resource: id, surface: child, parent: parent)
        // From either end: trees can be put together from the top or from the bottom.
        guard subsurface.depth + child.levelsBelow <= limits.subsurfaceDepth else {
            throw .noMemory("subsurfaces nest \(limits.subsurfaceDepth) levels deep here, and no deeper")
        }
        guard parent.children.count < limits.subsurfaces else {
            throw .noMemory(
                "wl_surface@\(parent.resource.id) has \(limits.subsurfaces) subsurfaces, and can't have more"
            )
        }
        try child.setRoleKind(.subsurface, otherwise: bad)
        try child.attach(subsurface, otherwise: bad)
        subsurface.joinParent()
        id.handler = subsurface
    }
}
