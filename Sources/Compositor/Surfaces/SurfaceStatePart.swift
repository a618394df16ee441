internal import WaylandServer

/// What one protocol adds to a surface's double-buffered state.
///
/// wl_surface's requests, and those of every extension of it, collect in a pending state and take effect together when
/// the surface is committed. An extension keeps its own part of that state in a type of its own, so that ``Surface``
/// knows none of them:
///
///     struct WindowGeometry: SurfaceStatePart {
///         var rectangle: Rectangle?
///         mutating func apply(_ newer: WindowGeometry) {
///             if let new = newer.rectangle { rectangle = new }
///         }
///     }
///
///     surface.pending[WindowGeometry.self].rectangle = rectangle     // in the request
///     surface.current[WindowGeometry.self].rectangle                 // after the commit
protocol SurfaceStatePart {
    /// Nothing has been asked for yet.
    init()
    /// Takes over what `newer` sets, and leaves the rest.
    mutating func apply(_ newer: Self)
}

/// The parts of one state, by their type. Made when they are first written.
struct SurfaceStateParts {
    private var parts: [ObjectIdentifier: any SurfaceStatePart] = [:]

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part {
        get { parts[ObjectIdentifier(type)] as? Part ?? Part() }
        set { parts[ObjectIdentifier(type)] = newValue }
    }

    mutating func apply(_ newer: SurfaceStateParts) {
        if newer.parts.isEmpty { return }
        for (key, part) in newer.parts { parts[key] = merge(part, over: parts[key]) }
    }

    private func merge<Part: SurfaceStatePart>(_ newer: Part, over older: (any SurfaceStatePart)?) -> Part {
        var result = older as? Part ?? Part()
        result.apply(newer)
        return result
    }
}
