/// A point, in pixels or in whatever unit the context names.
public struct Point: Hashable, Sendable {
    /// To the right.
    public var x: Int
    /// Downwards.
    public var y: Int

    /// The point at `x`, `y`.
    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }

    /// How far from the origin a sum can be, in each direction. Clients' numbers may be added up for years: beyond this
    /// nothing is ever to be seen, and everything else can be worked out without overflow.
    private static let reach = 1 << 40

    /// The same so much further, but no further than 2⁴⁰.
    public func translated(by offset: Point) -> Point {
        func sum(_ one: Int, _ other: Int) -> Int {
            let (sum, overflows) = one.addingReportingOverflow(other)
            return overflows ? (one < 0 ? -Self.reach : Self.reach) : max(-Self.reach, min(Self.reach, sum))
        }
        return Point(x: sum(x, offset.x), y: sum(y, offset.y))
    }

    /// As far away on the other side of the origin.
    public var negated: Point { Point(x: 0 &- x, y: 0 &- y) }
}

/// A place between the points, in whatever unit the context names.
public struct Position: Hashable, Sendable {
    /// To the right.
    public var x: Double
    /// Downwards.
    public var y: Double

    /// The place at `x`, `y`.
    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }

    /// The point at the top left corner of the pixel that it is in.
    public var pixel: Point {
        func floor(_ value: Double) -> Int { Int(max(-0x1p40, min(0x1p40, value.rounded(.down)))) }
        return x.isNaN || y.isNaN ? Point(x: 0, y: 0) : Point(x: floor(x), y: floor(y))
    }

    /// Where it is, seen from a point.
    public func from(_ origin: Point) -> Position { Position(x: x - Double(origin.x), y: y - Double(origin.y)) }
}

/// A size, in pixels or in whatever unit the context names.
public struct Size: Hashable, Sendable {
    /// Extent to the right.
    public var width: Int
    /// Extent downwards.
    public var height: Int

    /// A size of `width` by `height`.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Whether there is nothing inside.
    public var isEmpty: Bool { width <= 0 || height <= 0 }
    /// The rectangle of this size at the origin.
    public var bounds: Rectangle { Rectangle(x: 0, y: 0, width: width, height: height) }
    /// Width and height exchanged.
    public var transposed: Size { Size(width: height, height: width) }
}

/// A rectangle, in pixels or in whatever unit the context names; `maxX` and `maxY` are just outside of it.
///
/// Its numbers may come from a client: sums of any 32-bit values are safe, as they are kept in 64 bits, and the
/// ``area`` goes no further than those reach.
public struct Rectangle: Hashable, Sendable {
    /// The left edge.
    public var x: Int
    /// The top edge.
    public var y: Int
    /// Extent to the right.
    public var width: Int
    /// Extent downwards.
    public var height: Int

    /// The rectangle at `x`, `y` with this size.
    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The rectangle at `origin` with `size`.
    public init(origin: Point, size: Size) {
        self.init(x: origin.x, y: origin.y, width: size.width, height: size.height)
    }

    /// The left edge.
    public var minX: Int { x }
    /// The top edge.
    public var minY: Int { y }
    /// Just right of it.
    public var maxX: Int { x + width }
    /// Just below it.
    public var maxY: Int { y + height }
    /// The corner at the top left.
    public var origin: Point { Point(x: x, y: y) }
    /// Width and height.
    public var size: Size { Size(width: width, height: height) }
    /// Whether there is nothing inside.
    public var isEmpty: Bool { width <= 0 || height <= 0 }
    /// How much is inside; Int.max where that is more.
    public var area: Int {
        if isEmpty { return 0 }
        let (area, isMore) = width.multipliedReportingOverflow(by: height)
        return isMore ? Int.max : area
    }

    /// Whether the pixel is inside.
    public func contains(_ point: Point) -> Bool {
        minX <= point.x && point.x < maxX && minY <= point.y && point.y < maxY
    }

    /// What both have in common; empty where that is nothing.
    public func intersection(_ other: Rectangle) -> Rectangle {
        let (left, top) = (max(minX, other.minX), max(minY, other.minY))
        let (right, bottom) = (min(maxX, other.maxX), min(maxY, other.maxY))
        return Rectangle(x: left, y: top, width: max(0, right - left), height: max(0, bottom - top))
    }

    /// The smallest rectangle that holds both; empty ones count as nothing.
    public func union(_ other: Rectangle) -> Rectangle {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let (left, top) = (min(minX, other.minX), min(minY, other.minY))
        return Rectangle(x: left, y: top, width: max(maxX, other.maxX) - left, height: max(maxY, other.maxY) - top)
    }

    /// The same rectangle elsewhere.
    public func translated(by offset: Point) -> Rectangle {
        Rectangle(x: x + offset.x, y: y + offset.y, width: width, height: height)
    }
}
