internal import Pixels

/// Something with pixels that can be placed and drawn: a surface, or what the compositor draws itself.
protocol Drawable: AnyObject {
    /// How it looks at the moment.
    var appearance: Appearance { get }
    /// Whether a place inside, in its own coordinates, is for somebody to handle; what isn't lets input through.
    func takesInput(at point: Point) -> Bool
}

extension Drawable {
    func takesInput(at point: Point) -> Bool { false }
}

/// How a ``Drawable`` looks.
struct Appearance {
    /// The pixels; nil where there are none.
    var content: SurfaceContent?
    /// In units of the scene's coordinates.
    var size: Size
    /// How the pixels are turned.
    var orientation = Orientation.normal
    /// The part of the upright pixels that shows; nil is all.
    var crop: Placement.Crop?
    /// Where nothing behind it shows, from its corner.
    var opaqueRegion = Region()
}

/// A drawable at its place, with the size it had when the scene was last laid out.
struct PlacedItem {
    let drawable: any Drawable
    /// What it covers, in global coordinates.
    let bounds: Rectangle

    init(_ drawable: any Drawable, at origin: Point) {
        self.drawable = drawable
        bounds = Rectangle(origin: origin, size: drawable.appearance.size)
    }

    var key: ObjectIdentifier { ObjectIdentifier(drawable) }
}
