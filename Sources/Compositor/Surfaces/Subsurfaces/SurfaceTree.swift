internal import Pixels

/// What a surface and its descendants show, from the surface's corner: worked out once after a change of any of them.
struct SurfaceTree {
    /// A descendant that shows something.
    fileprivate struct Branch {
        /// Every change of the tree lets go of it.
        let subsurface: Subsurface
        /// Its corner.
        let offset: Point
    }

    /// Back to front.
    fileprivate var behind: [Branch] = []
    /// The same in front of the surface itself.
    fileprivate var inFront: [Branch] = []
    /// What they cover altogether.
    fileprivate(set) var bounds: Rectangle

    fileprivate init(of surface: Surface) {
        bounds = surface.size.bounds
        let stack = surface.current[SubsurfaceStack.self]
        Self.append(stack.behind, to: &behind, &bounds)
        Self.append(stack.inFront, to: &inFront, &bounds)
    }

    private static func append(_ entries: [SubsurfaceStack.Entry], to list: inout [Branch], _ bounds: inout Rectangle) {
        for entry in entries {
            guard let child = entry.subsurface.surface, child.current.content != nil else { continue }
            let corner = entry.position
            guard child.hasChildren else {
                list.append(Branch(subsurface: entry.subsurface, offset: corner))
                bounds = bounds.union(child.size.bounds.translated(by: corner))
                continue
            }
            let tree = child.tree
            list += tree.behind.map { $0.moved(by: corner) }
            list.append(Branch(subsurface: entry.subsurface, offset: corner))
            list += tree.inFront.map { $0.moved(by: corner) }
            bounds = bounds.union(tree.bounds.translated(by: corner))
        }
    }
}

extension SurfaceTree.Branch {
    fileprivate func moved(by offset: Point) -> Self {
        Self(subsurface: subsurface, offset: self.offset.translated(by: offset))
    }

    fileprivate func addItem(from origin: Point, to items: inout [PlacedItem]) {
        guard let surface = subsurface.surface else { return }
        items.append(PlacedItem(surface, at: offset.translated(by: origin)))
    }
}

extension Surface {
    /// The surface and its descendants.
    fileprivate var tree: SurfaceTree {
        if let cachedTree { return cachedTree }
        let tree = SurfaceTree(of: self)
        cachedTree = tree
        return tree
    }

    /// It shows something else than before, or its children do: all that it is a part of is worked out anew.
    func treeChanged() {
        var next: Surface? = self
        while let surface = next {
            surface.cachedTree = nil
            next = surface.role?.parent
        }
    }

    /// The surface and its descendants, back to front, with its corner at `origin` in global coordinates. Nothing while
    /// it shows nothing itself.
    func tree(at origin: Point) -> [PlacedItem] {
        guard current.content != nil else { return [] }
        let item = PlacedItem(self, at: origin)
        guard hasChildren else { return [item] }
        let tree = tree
        var items: [PlacedItem] = []
        items.reserveCapacity(tree.behind.count + 1 + tree.inFront.count)
        for branch in tree.behind { branch.addItem(from: origin, to: &items) }
        items.append(item)
        for branch in tree.inFront { branch.addItem(from: origin, to: &items) }
        return items
    }

    /// What it and its descendants cover, in its surface coordinates.
    var treeBounds: Rectangle {
        current.content == nil || !hasChildren ? size.bounds : tree.bounds
    }

    /// Whether there may be something in its tree besides itself.
    fileprivate var hasChildren: Bool { !children.isEmpty }
}
