internal import CPixman

/// A set of pixels, kept as rectangles that don't overlap, in bands from the top down.
///
/// A value over pixman's regions: copies share memory until one of them changes. Coordinates are clamped to ±2³⁰, so
/// that sums of what clients send stay within pixman's 32 bits.
public struct Region: Equatable, Sendable {
    /// Nil where there is no pixel; a storage may be empty too.
    var storage: RegionStorage?

    /// No pixel.
    public init() {}

    /// The pixels of a rectangle.
    public init(_ rectangle: Rectangle) {
        storage = Self.box(rectangle).map { RegionStorage($0) }
    }

    private init(boxes: [pixman_box32_t]) {
        storage = boxes.isEmpty ? nil : RegionStorage(boxes)
    }

    /// Whether there is no pixel.
    public var isEmpty: Bool { storage?.isEmpty ?? true }
    /// The smallest rectangle that holds all pixels.
    public var bounds: Rectangle {
        storage.map { Rectangle($0.extents) } ?? Rectangle(x: 0, y: 0, width: 0, height: 0)
    }
    /// How many rectangles it is made of.
    public var rectangleCount: Int { storage?.count ?? 0 }

    /// Whether both hold the same pixels.
    public static func == (left: Region, right: Region) -> Bool {
        guard let one = left.storage, let other = right.storage else { return left.isEmpty && right.isEmpty }
        return one.equals(other)
    }

    /// How many points are in it.
    public var area: Int {
        var sum = 0
        forEachRectangle { sum += $0.area }
        return sum
    }

    /// Whether the pixel is inside.
    public func contains(_ point: Point) -> Bool {
        storage?.contains(Self.clamp(point.x), Self.clamp(point.y)) ?? false
    }

    /// Whether one of its pixels is in the rectangle. Allocates nothing.
    public func intersects(_ rectangle: Rectangle) -> Bool {
        guard let storage, let box = Self.box(rectangle) else { return false }
        return storage.intersects(box)
    }

    /// Calls `body` with each rectangle, band by band from the top down, from left to right. Allocates nothing.
    public func forEachRectangle(_ body: (Rectangle) -> Void) {
        storage?.forEachBox { body(Rectangle($0)) }
    }

    // MARK: Set operations

    /// Adds the other's pixels.
    public mutating func formUnion(_ other: Region) {
        guard let added = other.storage, !added.isEmpty else { return }
        if isEmpty { storage = added } else { makeUnique()?.formUnion(added) }
    }

    /// Adds the rectangle's pixels.
    public mutating func formUnion(_ rectangle: Rectangle) {
        guard let box = Self.box(rectangle) else { return }
        if storage == nil { storage = RegionStorage(box) } else { makeUnique()?.formUnion(box) }
    }

    /// Keeps what the other has too.
    public mutating func formIntersection(_ other: Region) {
        guard let kept = other.storage else { return storage = nil }
        makeUnique()?.formIntersection(kept)
    }

    /// Keeps what lies in the rectangle. Allocates nothing where that is all.
    public mutating func formIntersection(_ rectangle: Rectangle) {
        guard let box = Self.box(rectangle) else { return storage = nil }
        guard let extents = storage?.extents else { return }
        if extents.x1 >= box.x1, extents.y1 >= box.y1, extents.x2 <= box.x2, extents.y2 <= box.y2 { return }
        makeUnique()?.formIntersection(box)
    }

    /// Takes the other's pixels away.
    public mutating func subtract(_ other: Region) {
        guard !isEmpty, let taken = other.storage, !taken.isEmpty else { return }
        makeUnique()?.subtract(taken)
    }

    /// Takes the rectangle's pixels away.
    public mutating func subtract(_ rectangle: Rectangle) {
        guard !isEmpty, let box = Self.box(rectangle) else { return }
        makeUnique()?.subtract(box)
    }

    /// The pixels of either.
    public func union(_ other: Region) -> Region { with { $0.formUnion(other) } }
    /// The pixels of both.
    public func intersection(_ other: Region) -> Region { with { $0.formIntersection(other) } }
    /// The pixels in the rectangle.
    public func intersection(_ rectangle: Rectangle) -> Region { with { $0.formIntersection(rectangle) } }
    /// The pixels that the other doesn't have.
    public func subtracting(_ other: Region) -> Region { with { $0.subtract(other) } }

    // MARK: Coordinates

    /// The same pixels elsewhere.
    public func translated(by offset: Point) -> Region {
        if offset == Point(x: 0, y: 0) || isEmpty { return self }
        // pixman's sums wrap around: what leaves the limits goes first, and with it offsets beyond 32 bits.
        let limits = Rectangle(minX: -Self.limit, minY: -Self.limit, maxX: Self.limit, maxY: Self.limit)
        var result = intersection(limits.translated(by: Point(x: -offset.x, y: -offset.y)))
        if result.isEmpty { return result }
        result.makeUnique()?.translate(Int32(offset.x), Int32(offset.y))
        return result
    }

    /// All coordinates times `numerator / denominator`, rounded so that no pixel is lost.
    public func scaledOutward(byNumerator numerator: Int, denominator: Int) -> Region {
        if numerator == denominator { return self }
        return mapped { box in
            Rectangle(
                minX: floorDivide(box.minX * numerator, denominator),
                minY: floorDivide(box.minY * numerator, denominator),
                maxX: -floorDivide(-box.maxX * numerator, denominator),
                maxY: -floorDivide(-box.maxY * numerator, denominator)
            )
        }
    }

    /// All coordinates times `numerator / denominator`, rounded so that no pixel is won.
    public func scaledInward(byNumerator numerator: Int, denominator: Int) -> Region {
        if numerator == denominator { return self }
        return mapped { box in
            Rectangle(
                minX: -floorDivide(-box.minX * numerator, denominator),
                minY: -floorDivide(-box.minY * numerator, denominator),
                maxX: floorDivide(box.maxX * numerator, denominator),
                maxY: floorDivide(box.maxY * numerator, denominator)
            )
        }
    }

    /// With everything that is at most `distance` away, up and down as well as to both sides.
    public func grown(by distance: Int) -> Region {
        mapped { box in
            Rectangle(
                minX: box.minX - distance,
                minY: box.minY - distance,
                maxX: box.maxX + distance,
                maxY: box.maxY + distance
            )
        }
    }

    /// Where the pixels are after content of `size` was turned by `orientation`.
    public func transformed(by orientation: Orientation, in size: Size) -> Region {
        if orientation == .normal { return self }
        return mapped { orientation.apply(to: $0, in: size) }
    }

    /// What all rectangles become, together.
    public func mapped(_ transform: (Rectangle) -> Rectangle) -> Region {
        if isEmpty { return self }
        var boxes: [pixman_box32_t] = []
        boxes.reserveCapacity(rectangleCount)
        forEachRectangle { if let box = Self.box(transform($0)) { boxes.append(box) } }
        return Region(boxes: boxes)
    }

    // MARK: Coarsening

    /// The region itself up to `limit` rectangles, beyond that its bounds: never fewer pixels.
    public func coarsenedOutward(limit: Int) -> Region {
        rectangleCount <= limit ? self : Region(bounds)
    }

    /// The region itself up to `limit` rectangles, beyond that so many of its largest: never more pixels. Each is
    /// looked at twice; of several that are about as large, up to twice, the first are taken.
    public func coarsenedInward(limit: Int) -> Region {
        guard rectangleCount > limit else { return self }
        func magnitude(_ rectangle: Rectangle) -> Int { Int.bitWidth - rectangle.area.leadingZeroBitCount }
        var counts = [Int](repeating: 0, count: Int.bitWidth + 1)
        forEachRectangle { counts[magnitude($0)] += 1 }
        // What is larger than this all fits in, and some of these.
        var (least, room) = (counts.endIndex - 1, limit)
        while least > 0, counts[least] <= room {
            room -= counts[least]
            least -= 1
        }
        var boxes: [pixman_box32_t] = []
        boxes.reserveCapacity(limit)
        forEachRectangle { rectangle in
            let size = magnitude(rectangle)
            guard size > least || size == least && room > 0, let box = Self.box(rectangle) else { return }
            if size == least { room -= 1 }
            boxes.append(box)
        }
        return Region(boxes: boxes)
    }

    // MARK: Storage

    /// The storage, for a change that no other value is to see.
    private mutating func makeUnique() -> RegionStorage? {
        if !isKnownUniquelyReferenced(&storage) { storage = storage?.copy() }
        return storage
    }

    private func with(_ change: (inout Region) -> Void) -> Region {
        var result = self
        change(&result)
        return result
    }

    private static let limit = 1 << 30

    private static func clamp(_ value: Int) -> Int32 { Int32(max(-limit, min(limit, value))) }

    /// Nil where nothing is inside.
    private static func box(_ rectangle: Rectangle) -> pixman_box32_t? {
        let box = pixman_box32_t(
            x1: clamp(rectangle.minX),
            y1: clamp(rectangle.minY),
            x2: clamp(rectangle.maxX),
            y2: clamp(rectangle.maxY)
        )
        return box.x1 < box.x2 && box.y1 < box.y2 ? box : nil
    }
}

extension Rectangle {
    fileprivate init(_ box: pixman_box32_t) {
        self.init(minX: Int(box.x1), minY: Int(box.y1), maxX: Int(box.x2), maxY: Int(box.y2))
    }

    fileprivate init(minX: Int, minY: Int, maxX: Int, maxY: Int) {
        self.init(x: minX, y: minY, width: maxX - minX, height: maxY - minY)
    }
}

private func floorDivide(_ value: Int, _ divisor: Int) -> Int {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}
