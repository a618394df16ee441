internal import Pixels

/// Finds a place for a new window: where it covers least of the others, and of such places the first.
enum WindowPlacement {
    /// As many of the newest windows are minded.
    static let windowLimit = 32
    /// From the edges, and between windows where there is room.
    private static let margin = 24
    /// Places that are tried in each direction.
    private static let steps = 16

    /// The corner for a window of `size` within `bounds`.
    static func position(for size: Size, in bounds: Rectangle, beside others: [Rectangle]) -> Point {
        var best = Point(x: bounds.x, y: bounds.y)
        var bestOverlap = Int.max
        for y in candidates(from: bounds.minY, to: bounds.maxY - size.height) {
            for x in candidates(from: bounds.minX, to: bounds.maxX - size.width) {
                let place = Rectangle(
                    x: x - margin / 2,
                    y: y - margin / 2,
                    width: size.width + margin,
                    height: size.height + margin
                ).intersection(bounds)
                let overlap = others.reduce(0) { $0 + $1.intersection(place).area }
                if overlap == 0 { return Point(x: x, y: y) }
                if overlap < bestOverlap {
                    bestOverlap = overlap
                    best = Point(x: x, y: y)
                }
            }
        }
        return best
    }

    /// In the middle of another one, as far as `bounds` has room.
    static func position(for size: Size, over other: Rectangle, in bounds: Rectangle) -> Point {
        let way = Point(x: (other.width - size.width) / 2, y: (other.height - size.height) / 2)
        return position(for: size, near: other.origin.translated(by: way), in: bounds)
    }

    /// At a place, as far as `bounds` has room there.
    static func position(for size: Size, near place: Point, in bounds: Rectangle) -> Point {
        Point(
            x: max(bounds.x, min(place.x, bounds.x + bounds.width - size.width)),
            y: max(bounds.y, min(place.y, bounds.y + bounds.height - size.height))
        )
    }

    /// Evenly spread places, inside of the margins where there is room for those.
    private static func candidates(from start: Int, to end: Int) -> [Int] {
        guard end > start else { return [start] }
        let (first, last) = end - start > 2 * margin ? (start + margin, end - margin) : (start, end)
        let step = max(8, (last - first) / steps)
        return Array(stride(from: first, through: last, by: step))
    }
}
