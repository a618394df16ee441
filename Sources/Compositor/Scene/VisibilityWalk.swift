internal import Pixels

/// Finds out which items a viewer shows: front to back, and only as far as somebody asks.
struct VisibilityWalk {
    /// What isn't covered by the items that were looked at.
    private var uncovered: Uncovered
    /// So many items, from the hindmost on, haven't been looked at.
    private var rest: Int

    /// For so many items.
    init(of viewer: any SceneViewer, over count: Int) {
        uncovered = Uncovered(Region(viewer.bounds))
        rest = count
    }

    /// Goes on to the next item that the viewer shows a part of; nil where there is no other. `items` are the same each
    /// time.
    ///
    /// - Parameter isLeftOut: is told an item and how many units of it can be seen; what it says yes to hides nothing.
    ///   Nil where nothing is left out.
    mutating func next(in items: [PlacedItem], isLeftOut: ((PlacedItem, Int) -> Bool)? = nil) -> PlacedItem? {
        while rest > 0, !uncovered.isEmpty {
            rest -= 1
            guard uncovered.region.intersects(items[rest].shown) else { continue }
            let item = items[rest]
            if let isLeftOut, isLeftOut(item, uncovered.area(in: item.shown)) { continue }
            uncovered.cover(item)
            return item
        }
        return nil
    }
}
