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

    func contains(_ output: Output) -> Bool { outputs.contains { $0 === output } }

    func add(_ output: Output) { outputs.append(output) }

    func remove(_ output: Output) { outputs.removeAll { $0 === output } }
}
