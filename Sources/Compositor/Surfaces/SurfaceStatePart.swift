internal import WaylandServer

/// What one protocol adds to a surface's double-buffered state.
///
/// wl_surface's requests, and those of every extension of it, collect in a pending state and take effect together when
/// the surface is committed. An extension keeps its own part of that state in a type of its own, so that ``Surface``
/// knows none of them:
///
///     struct SizeBounds: SurfaceStatePart {
///         var minimum: Size?
///         mutating func apply(_ newer: SizeBounds) {
///             if let new = newer.minimum { minimum = new }
///         }
///     }
///
///     surface.pending[SizeBounds.self].minimum = size        // in the request
///     surface.current[SizeBounds.self].minimum               // after the commit
///
/// For a single value there is ``Setting``.
protocol SurfaceStatePart {
    /// Nothing has been asked for yet.
    init()
    /// Takes over what `newer` sets, and leaves the rest.
    mutating func apply(_ newer: Self)
    /// Whether setting it can change how all of the surface looks, how large it is, or what it covers.
    static var changesShape: Bool { get }
    /// Whether setting it can change which surfaces are parts of this one, or where they are.
    static var changesTree: Bool { get }
    /// A newer commit has taken the place of the one with this part, whether it sets the part or not.
    func wasSuperseded()
    /// Drops what belongs to one commit and not to those after it.
    mutating func startOver()
    /// Looks at whether it goes together with the rest of what is committed.
    func check(_ state: SurfaceState) throws(ProtocolError)
}

extension SurfaceStatePart {
    static var changesShape: Bool { false }
    static var changesTree: Bool { false }
    func wasSuperseded() {}
    mutating func startOver() {}
    func check(_ state: SurfaceState) throws(ProtocolError) {}
}

/// The parts of one state, one of each type. Made when they are first written.
///
/// They are few, and kept in the order in which they were made: which of several errors a client gets, and which event
/// comes first, is the same in each run.
struct SurfaceStateParts {
    private var parts: [(type: ObjectIdentifier, value: any SurfaceStatePart)] = []

    subscript<Part: SurfaceStatePart>(type: Part.Type) -> Part {
        get { index(of: ObjectIdentifier(type)).flatMap { parts[$0].value as? Part } ?? Part() }
        _modify {
            // Taken out while it is changed: what it refers to has one user, and isn't copied.
            let place = index(of: ObjectIdentifier(type)) ?? parts.endIndex
            if place == parts.endIndex { parts.append((ObjectIdentifier(type), Part())) }
            var part = parts[place].value as? Part ?? Part()
            parts[place].value = Part()
            defer { parts[place].value = part }
            yield &part
        }
    }

    private func index(of type: ObjectIdentifier) -> Int? { parts.firstIndex { $0.type == type } }

    private mutating func set(_ value: any SurfaceStatePart, _ type: ObjectIdentifier) {
        if let index = index(of: type) { parts[index].value = value } else { parts.append((type, value)) }
    }

    /// Whether none was written.
    var isEmpty: Bool { parts.isEmpty }

    /// Whether one of them can change shapes.
    var changeShape: Bool { parts.contains { Swift.type(of: $0.value).changesShape } }

    /// Whether one of them can change the tree.
    var changeTree: Bool { parts.contains { Swift.type(of: $0.value).changesTree } }

    func check(_ state: SurfaceState) throws(ProtocolError) {
        for part in parts { try part.value.check(state) }
    }

    func wasSuperseded() {
        for part in parts { part.value.wasSuperseded() }
    }

    mutating func startOver() {
        for index in parts.indices { parts[index].value.startOver() }
    }

    mutating func apply(_ newer: SurfaceStateParts) {
        for (type, part) in newer.parts { set(merge(part, over: index(of: type).map { parts[$0].value }), type) }
    }

    private func merge<Part: SurfaceStatePart>(_ newer: Part, over older: (any SurfaceStatePart)?) -> Part {
        var result = older as? Part ?? Part()
        result.apply(newer)
        return result
    }
}
