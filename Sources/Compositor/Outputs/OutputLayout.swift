internal import Pixels

/// The outputs there are, and where they are beside one another.
final class OutputLayout {
    /// In the order in which they came.
    private(set) var outputs: [Output] = []

    /// For a window that asked for none.
    var primary: Output? { outputs.first }

    /// The largest there is, or 1: for what is drawn once for all of them.
    var largestScale: Scale { outputs.map(\.view.scale).max() ?? 1 }

    /// At the right of all others.
    var nextPosition: Point { Point(x: outputs.map(\.bounds.maxX).max() ?? 0, y: 0) }

    /// The nearest place that an output shows; the same one where there is none.
    func nearest(to position: Position) -> Position {
        func clamp(_ value: Double, _ low: Int, _ high: Int) -> Double {
            // The last 256th of a pixel, as exact as clients are told.
            max(Double(low), min(Double(high) - 1 / 256, value.isNaN ? 0 : value))
        }
        let places = outputs.map { output in
            let bounds = output.bounds
            return Position(
                x: clamp(position.x, bounds.minX, bounds.maxX),
                y: clamp(position.y, bounds.minY, bounds.maxY)
            )
        }
        func distance(_ place: Position) -> Double {
            let (x, y) = (place.x - position.x, place.y - position.y)
            return x * x + y * y
        }
        return places.min { distance($0) < distance($1) } ?? position
    }

    func contains(_ output: Output) -> Bool { outputs.contains { $0 === output } }

    func add(_ output: Output) { outputs.append(output) }

    func remove(_ output: Output) { outputs.removeAll { $0 === output } }
}
