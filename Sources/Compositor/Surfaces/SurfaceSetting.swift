/// One value that a client sets, and that stays until it sets another: all that most extensions of surfaces are.
///
///     enum TearingHint: SurfaceSetting {
///         typealias Value = WpTearingControlV1.PresentationHint
///     }
///
///     surface.pending[Setting<TearingHint>.self].value = hint       // in the request
///     surface.current[Setting<TearingHint>.self].value              // after the commit
protocol SurfaceSetting {
    associatedtype Value
    /// Whether setting it can change where surfaces are, how large they are, or what they cover.
    static var changesShape: Bool { get }
}

extension SurfaceSetting {
    static var changesShape: Bool { false }
}

/// A ``SurfaceSetting`` as a part of a surface's state.
struct Setting<Kind: SurfaceSetting>: SurfaceStatePart {
    /// Nil where it wasn't set.
    var value: Kind.Value?

    static var changesShape: Bool { Kind.changesShape }

    mutating func apply(_ newer: Setting) {
        if let new = newer.value { value = new }
    }
}
