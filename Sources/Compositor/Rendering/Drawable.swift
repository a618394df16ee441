internal import Pixels

/// Something with pixels that can be placed and drawn: a surface, or what the compositor draws itself.
class Drawable {
    /// How it looks at the moment.
    @safe @exclusivity(unchecked) final var appearance: Appearance
    /// What is known of its place.
    @safe @exclusivity(unchecked) final var note = PlaceNote()

    init(_ appearance: Appearance = Appearance(size: Size(width: 0, height: 0))) { self.appearance = appearance }

    /// In units of the scene's coordinates.
    final var size: Size { appearance.size }
    /// What it is a part of, and can be seen with.
    var whole: Drawable? { nil }
    /// For whom it is drawn, who can have only so much drawn in each frame; nil is for ourselves.
    var owner: AnyObject? { nil }

    /// Whether a place inside, in its own coordinates, is for somebody to handle; what isn't lets input through.
    func takesInput(at point: Point) -> Bool { false }
}

/// What whoever places drawables notes of one of them.
struct PlaceNote {
    /// Where it was when it was last laid out, in global coordinates.
    var place: Rectangle?
    /// Whether it looks different all over since then.
    var isReshaped = false
    /// For what state of all that is placed the rest was found out.
    var version: UInt64 = 0
    /// Which of those who look was the first to show it, or a part of it, then.
    var viewer = 0
    /// Which of those who look leave it out, as too much is to be drawn for its owner: a bit each.
    var omissions: UInt64 = 0
    /// Those who did before.
    var earlierOmissions: UInt64 = 0
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
    /// Where nothing behind it shows, from its corner, besides what the pixels say themselves.
    var opaqueRegion = Region()
}

/// A drawable at its place, with the size it had when the scene was last laid out.
struct PlacedItem {
    let drawable: Drawable
    /// Where all of it would be, in global coordinates.
    let bounds: Rectangle
    /// The part of that which may show.
    let shown: Rectangle

    /// One with its top left corner at a place.
    init(_ drawable: Drawable, at origin: Point) {
        self.init(drawable, stretchedTo: Rectangle(origin: origin, size: drawable.size))
    }

    /// One of which only the first `width` columns may show.
    init(_ drawable: Drawable, at origin: Point, clippedToWidth width: Int) {
        let size = drawable.size
        self.drawable = drawable
        bounds = Rectangle(origin: origin, size: size)
        shown = Rectangle(origin: origin, size: Size(width: min(width, size.width), height: size.height))
    }

    /// One that fills `bounds`, whatever its size.
    init(_ drawable: Drawable, stretchedTo bounds: Rectangle) {
        self.drawable = drawable
        self.bounds = bounds
        shown = bounds
    }

    /// Whether nothing behind it shows, anywhere in what may show of it.
    var isOpaque: Bool { drawable.appearance.content?.isOpaque == true }

    /// Where nothing behind it shows, from the corner of its bounds.
    var opaqueRegion: Region {
        if isOpaque { return Region(shown.size.bounds) }
        let appearance = drawable.appearance
        guard appearance.content != nil else { return Region() }
        let opaque = appearance.opaqueRegion
        return shown == bounds ? opaque : opaque.intersection(shown.size.bounds)
    }
}
