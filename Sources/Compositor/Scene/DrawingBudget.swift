internal import Pixels

/// How much a viewer draws for each owner, and for all, frontmost first: so that nobody makes a frame cost more than
/// others can wait for.
///
/// It goes by what can be seen of an owner's items, changed or not: what is left out is so in each frame.
struct DrawingBudget {
    private unowned let viewer: any SceneViewer
    /// What there is for each, in pixels that are merely copied.
    private let most: Int
    /// From this size on an item is looked at; below, some effort is supposed.
    private let largeArea: Int
    /// The owner of the item before, and what it has spent.
    private var owner: ObjectIdentifier?
    private var spent = 0
    /// What all have spent.
    private var sum = 0
    /// What others have spent.
    private var all: [ObjectIdentifier: Int] = [:]

    /// As many times each pixel can be drawn, with the least effort. A single item is never left out.
    private static let layers = 2 * (Painter.greatestEffort + 1)
    private static let supposedEffort = 8
    /// For so many owners there is as much as there can be for one.
    private static let crowd = 8

    init(of viewer: any SceneViewer) {
        self.viewer = viewer
        let area = viewer.bounds.area
        most = area * Self.layers
        largeArea = area / 64
    }

    /// Whether a viewer can draw all items, one above the other, whatever they are and whoever's.
    static func isAmple(for items: [PlacedItem], of viewer: any SceneViewer) -> Bool {
        let bounds = viewer.bounds
        var rest = bounds.area * layers
        for index in items.indices where rest >= 0 {
            rest -= items[index].shown.intersection(bounds).area * (Painter.greatestEffort + 1)
        }
        return rest >= 0
    }

    /// Takes what drawing `area` of an item is going to cost; false where there isn't so much left.
    mutating func spend(on item: PlacedItem, area: Int) -> Bool {
        guard let owner = item.drawable.owner.map({ ObjectIdentifier($0) }) else { return true }
        if owner != self.owner {
            if let old = self.owner { all[old] = spent }
            self.owner = owner
            spent = all[owner] ?? 0
        }
        let cost = area * (area > largeArea ? viewer.effort(of: item) : Self.supposedEffort)
        guard spent + cost <= most, sum + cost <= Self.crowd * most else { return false }
        spent += cost
        sum += cost
        return true
    }
}
