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
    /// Whether setting it can change where surfaces are, how large they are, or what they cover.
    static var changesShape: Bool { get }
    /// A newer commit has taken the place of the one with this part, whether it sets the part or not.
    func wasSuperseded()
    /// Drops what belongs to one commit and not to those after it.
    mutating func startOver()
    /// Looks at whether it goes together with the rest of what is committed.
    func check(_ state: SurfaceState) throws(ProtocolError)
}

extension SurfaceStatePart {
    static var changesShape: Bool { false }
    func wasSuperseded() {}
    mutating func startOver() {}
    func check(_ state: SurfaceState) throws(ProtocolError) {}
}

/// The parts of one state, by their type. Made when they are first written.
struct SurfaceStateParts {
    private var parts: [ObjectIdentifier: any SurfaceStatePart] = [:]

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part {
        get { parts.isEmpty ? Part() : parts[ObjectIdentifier(type)] as? Part ?? Part() }
        set { parts[ObjectIdentifier(type)] = newValue }
    }

    /// Whether one of them can change shapes.
    var changeShape: Bool { !parts.isEmpty && parts.values.contains { type(of: $0).changesShape } }

    func check(_ state: SurfaceState) throws(ProtocolError) {
        if parts.isEmpty { return }
        for part in parts.values { try part.check(state) }
    }

    func wasSuperseded() {
        if parts.isEmpty { return }
        for part in parts.values { part.wasSuperseded() }
    }

    mutating func startOver() {
        if parts.isEmpty { return }
        for key in parts.keys { parts[key]!.startOver() }
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
