internal import Pixels

/// What a picture shows of the scene, and how: a rectangle of global coordinates, drawn at a scale, and turned.
///
/// Lengths are rounded each by itself, so that a surface whose client draws for the scale has all its pixels as they
/// are, wherever it is. So two things that touch may be a pixel apart, or overlap by one, at scales that aren't whole.
struct View: Equatable {
    /// The top left corner, in global coordinates.
    var origin: Point
    /// Pixels for each unit of global coordinates.
    var scale: Scale
    /// How the picture is turned: it holds this applied to what is to be seen, as a buffer does by
    /// wl_surface.set_buffer_transform.
    var orientation = Orientation.normal
    /// Of the picture, in pixels.
    var size: Size
    /// The pixel that the upright picture begins with, counted from ``origin``: so a part of another view has the very
    /// pixels of that.
    var cut = Point(x: 0, y: 0)
    /// Whether nothing is drawn where nothing is: then pixels have alpha.
    var isTransparent = false

    /// Of what is to be seen, in pixels.
    private var uprightSize: Size { orientation.inverse.apply(to: size) }

    /// What it shows, in global coordinates.
    var bounds: Rectangle {
        let upright = uprightSize
        let start = Point(x: scale.wholeUnits(cut.x), y: scale.wholeUnits(cut.y))
        let size = Size(
            width: scale.units(cut.x + upright.width) - start.x,
            height: scale.units(cut.y + upright.height) - start.y
        )
        return Rectangle(origin: origin.translated(by: start), size: size)
    }

    /// Pixels that a rectangle of global coordinates takes.
    func pixels(_ rectangle: Rectangle) -> Rectangle { turned(uprightPixels(rectangle)) }

    private func uprightPixels(_ rectangle: Rectangle) -> Rectangle {
        Rectangle(
            x: scale.pixels(rectangle.x - origin.x) - cut.x,
            y: scale.pixels(rectangle.y - origin.y) - cut.y,
            width: scale.pixels(rectangle.width),
            height: scale.pixels(rectangle.height)
        )
    }

    private func turned(_ rectangle: Rectangle) -> Rectangle { orientation.apply(to: rectangle, in: uprightSize) }

    /// Pixels that a region of global coordinates may have to do with.
    func outerPixels(_ region: Region) -> Region { region.mapped(outerPixels) }

    /// The same for a rectangle.
    func outerPixels(_ rectangle: Rectangle) -> Rectangle {
        if rectangle.isEmpty { return rectangle }
        // What is in it may be rounded to one side or the other, and its neighbours are drawn smoothly into it.
        let reach = scale.in120ths % 120 == 0 ? 0 : 1
        func pixels(_ from: Int, _ to: Int, origin: Int, cut: Int, limit: Int) -> Range<Int> {
            // Nothing that far away is seen.
            let (from, to) = (max(-1 << 40, from - origin), min(1 << 40, to - origin))
            let low = (Double(from * scale.in120ths) / 120).rounded(.down)
            let high = (Double(to * scale.in120ths) / 120).rounded(.up)
            let first = max(0, min(limit, Int(low) - reach - cut))
            return first..<max(first, min(limit, Int(high) + reach - cut))
        }
        let size = uprightSize
        let x = pixels(rectangle.minX, rectangle.maxX, origin: origin.x, cut: cut.x, limit: size.width)
        let y = pixels(rectangle.minY, rectangle.maxY, origin: origin.y, cut: cut.y, limit: size.height)
        return turned(Rectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count))
    }

    /// Pixels of an item with these bounds, in global coordinates, that lie wholly in a region of its own coordinates.
    func innerPixels(_ region: Region, of bounds: Rectangle) -> Region {
        let corner = uprightPixels(bounds)
        return region.scaledInward(byNumerator: scale.in120ths, denominator: 120)
            .translated(by: corner.origin)
            .intersection(corner)
            .transformed(by: orientation, in: uprightSize)
    }

    /// How much work a pixel of an item is, where that of one that is merely copied is 1.
    func effort(of item: PlacedItem) -> Int {
        let appearance = item.drawable.appearance
        guard let source = appearance.content?.source else { return 1 }
        // What isn't opaque is read, and written again.
        return source.effort(placement(of: item.bounds, appearance)) + (source.isOpaque ? 0 : 1)
    }

    /// How something is drawn that takes `bounds`, in global coordinates.
    func placement(of bounds: Rectangle, _ appearance: Appearance) -> Placement {
        // The upright content is turned as the picture is.
        let turn = orientation.inverse.followed(by: appearance.orientation)
        return Placement(
            destination: pixels(bounds),
            orientation: turn,
            crop: appearance.crop.map { crop in
                guard orientation != .normal, let content = appearance.content else { return crop }
                return orientation.apply(to: crop, in: appearance.orientation.inverse.apply(to: content.size))
            }
        )
    }
}

extension View {
    /// The part of it that a rectangle of global coordinates takes, upright, as a view of its own; nil where that is
    /// nothing.
    func part(of rectangle: Rectangle, atMost largest: Int) -> View? {
        var upright = self
        upright.orientation = .normal
        let pixels = upright.uprightPixels(rectangle)
        if pixels.isEmpty { return nil }
        upright.size = Size(width: min(pixels.width, largest), height: min(pixels.height, largest))
        upright.cut = cut.translated(by: pixels.origin)
        return upright
    }

    /// Whether it shows as much, as large and turned as the other, wherever that is.
    func isLike(_ other: View) -> Bool {
        scale == other.scale && orientation == other.orientation && size == other.size
    }
}

extension Orientation {
    /// Where a part of content of `size` is after the content was turned.
    fileprivate func apply(to crop: Placement.Crop, in size: Size) -> Placement.Crop {
        let (x, y, width, height) = (crop.x, crop.y, crop.width, crop.height)
        let (right, bottom) = (Double(size.width) - x - width, Double(size.height) - y - height)
        return switch self {
        case .normal: crop
        case .rotated90: Placement.Crop(x: y, y: right, width: height, height: width)
        case .rotated180: Placement.Crop(x: right, y: bottom, width: width, height: height)
        case .rotated270: Placement.Crop(x: bottom, y: x, width: height, height: width)
        case .flipped: Placement.Crop(x: right, y: y, width: width, height: height)
        case .flipped90: Placement.Crop(x: y, y: x, width: height, height: width)
        case .flipped180: Placement.Crop(x: x, y: bottom, width: width, height: height)
        case .flipped270: Placement.Crop(x: bottom, y: right, width: height, height: width)
        }
    }
}
