internal import Pixels

/// How much a viewer draws for each owner, and for all, frontmost first: so that nobody makes a frame cost more than
/// others can wait for.
///
/// It goes by what can be seen of an owner's items, changed or not: what is left out is so in each frame.
struct DrawingBudget {
    private unowned let viewer: any SceneViewer
    /// What there is for each, in pixels that are merely copied.
    private let most: Int
    /// The owner of the item before, and what it has spent.
    private var owner: ObjectIdentifier?
    private var spent = 0
    /// What all have spent.
    private var sum = 0
    /// What others have spent.
    private var all: [ObjectIdentifier: Int] = [:]

    /// As many times each pixel can be drawn, with the least effort. A single item is never left out.
    private static let layers = 2 * (Painter.greatestEffort + 1)
    /// What a row costs before its first pixel, in pixels that are copied: a narrow item is little else.
    private static let rowCost = 32
    /// For so many owners there is as much as there can be for one.
    private static let crowd = 8

    init(of viewer: any SceneViewer) {
        self.viewer = viewer
        most = viewer.bounds.area * Self.layers
    }

    /// Whether a viewer can draw all items, one above the other, whatever they are and whoever's.
    static func isAmple(for items: [PlacedItem], of viewer: any SceneViewer) -> Bool {
        let bounds = viewer.bounds
        var rest = bounds.area * layers
        for index in items.indices where rest >= 0 {
            let part = items[index].shown.intersection(bounds)
            rest -= cost(of: part.area, in: part) * (Painter.greatestEffort + 1)
        }
        return rest >= 0
    }

    /// What of items, back to front, a viewer draws who shows nothing else: without those for which too much would be
    /// drawn for their owners.
    static func affordable(_ items: [PlacedItem], for viewer: any SceneViewer) -> [PlacedItem] {
        if isAmple(for: items, of: viewer) { return items }
        var budget = DrawingBudget(of: viewer)
        var walk = VisibilityWalk(of: viewer, over: items.count)
        var leftOut: Set<ObjectIdentifier> = []
        let isLeftOut = { (item: PlacedItem, area: Int) in
            if budget.spend(on: item, area: area) { return false }
            leftOut.insert(ObjectIdentifier(item.drawable))
            return true
        }
        while walk.next(in: items, isLeftOut: isLeftOut) != nil {}
        return leftOut.isEmpty ? items : items.filter { !leftOut.contains(ObjectIdentifier($0.drawable)) }
    }

    /// What drawing so many pixels of a part of the picture costs, with the least effort.
    private static func cost(of area: Int, in part: Rectangle) -> Int { area + rowCost * part.height }

    /// Takes what drawing `area` of an item is going to cost; false where there isn't so much left.
    mutating func spend(on item: PlacedItem, area: Int) -> Bool {
        guard let owner = item.drawable.owner.map({ ObjectIdentifier($0) }) else { return true }
        if owner != self.owner {
            if let old = self.owner { all[old] = spent }
            self.owner = owner
            spent = all[owner] ?? 0
        }
        let cost = Self.cost(of: area, in: item.shown.intersection(viewer.bounds)) * viewer.effort(of: item)
        guard spent + cost <= most, sum + cost <= Self.crowd * most else { return false }
        spent += cost
        sum += cost
        return true
    }
}
