internal import Pixels

/// A surface at its place, with the size it had when the scene was last laid out.
struct PlacedSurface {
    let surface: Surface
    /// What it covers, in global coordinates.
    let bounds: Rectangle

    init(_ surface: Surface, at origin: Point) {
        self.surface = surface
        bounds = Rectangle(origin: origin, size: surface.size)
    }

    /// Where nothing behind it shows, in global coordinates.
    var opaqueRegion: Region {
        let state = surface.current
        guard let content = state.content else { return Region() }
        if !content.layout.format.hasAlpha { return Region(bounds) }
        return state.opaqueRegion.intersection(state.size.bounds).translated(by: bounds.origin)
    }
}
