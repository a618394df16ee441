import Pixels
import Testing

/// Regions, against sets of single pixels.
@Suite struct RegionTests {
    private static let size = Size(width: 20, height: 16)

    private func pixels(_ region: Region) -> Set<Point> {
        var (pixels, area): (Set<Point>, Int) = ([], 0)
        region.forEachRectangle { rectangle in
            pixels.formUnion(rectangle.pixels)
            area += rectangle.area
        }
        #expect(pixels.count == area, "rectangles overlap")
        return pixels
    }

    /// Regions of a few rectangles each, some of them empty.
    private func regions(seed: UInt64, count: Int) -> [Region] {
        var numbers = Numbers(seed: seed)
        return (0..<count).map { _ in numbers.region(in: Self.size, rectangles: 0...7) }
    }

    @Test func regionsAreTheUnionOfTheirRectangles() {
        let surroundings = Rectangle(x: -12, y: -12, width: 34, height: 34)
        var numbers = Numbers(seed: 1)
        for _ in 0..<300 {
            var (region, model): (Region, Set<Point>) = (Region(), [])
            for _ in 0..<numbers.number(in: 0...8) {
                let (x, y) = (numbers.number(in: -9...9), numbers.number(in: -9...9))
                let (width, height) = (numbers.number(in: -1...9), numbers.number(in: -1...9))
                let rectangle = Rectangle(x: x, y: y, width: width, height: height)
                region.formUnion(rectangle)
                model.formUnion(rectangle.pixels)
            }
            #expect(pixels(region) == model)
            #expect(region.isEmpty == model.isEmpty)
            #expect(Set(surroundings.pixels.filter(region.contains)) == model)
            #expect(region.bounds.minX == model.map(\.x).min() ?? 0)
            #expect(region.bounds.minY == model.map(\.y).min() ?? 0)
            #expect(region.bounds.maxX == model.map { $0.x + 1 }.max() ?? 0)
            #expect(region.bounds.maxY == model.map { $0.y + 1 }.max() ?? 0)
        }
    }

    @Test func setOperationsWorkPixelByPixel() {
        for (a, b) in zip(regions(seed: 2, count: 300), regions(seed: 3, count: 300)) {
            let (left, right) = (pixels(a), pixels(b))
            #expect(pixels(a.union(b)) == left.union(right))
            #expect(pixels(a.intersection(b)) == left.intersection(right))
            #expect(pixels(a.intersection(b.bounds)) == left.intersection(b.bounds.pixels))
            #expect(pixels(a.subtracting(b)) == left.subtracting(right))
            #expect((a == b) == (left == right))
            #expect(a.subtracting(b).union(a.intersection(b)) == a)
            #expect(a.union(a) == a && a.subtracting(a).isEmpty)
            #expect(pixels(a) == left && pixels(b) == right, "operands changed")
        }
    }

    @Test func emptyRegionsStayEmpty() {
        let (empty, some) = (Region(), Region(Rectangle(x: 1, y: 1, width: 2, height: 2)))
        #expect(Region(Rectangle(x: 3, y: 3, width: 0, height: 9)) == empty)
        #expect(Region(Rectangle(x: 3, y: 3, width: 9, height: -1)) == empty)
        #expect(some.intersection(Rectangle(x: 1, y: 1, width: -1, height: 1)) == empty)
        #expect(some.union(empty) == some && empty.union(some) == some && some.subtracting(empty) == some)
        #expect(empty.subtracting(some) == empty && empty.intersection(some) == empty)
        #expect(empty.translated(by: Point(x: 5, y: 5)) == empty)
        #expect(empty.transformed(by: .rotated90, in: Self.size) == empty)
        #expect(empty.scaledOutward(byNumerator: 2, denominator: 3) == empty)
        #expect(empty.coarsenedOutward(limit: 0) == empty && empty.coarsenedInward(limit: 0) == empty)
        #expect(empty.rectangleCount == 0 && empty.bounds.isEmpty && !empty.contains(Point(x: 0, y: 0)))
    }

    @Test func movedAndTurnedRegionsKeepTheirShape() {
        for (index, region) in regions(seed: 4, count: 200).enumerated() {
            let (offset, orientation) = (Point(x: index - 100, y: 7 - index), Orientation.allCases[index % 8])
            let moved = pixels(region).map { Point(x: $0.x + offset.x, y: $0.y + offset.y) }
            #expect(pixels(region.translated(by: offset)) == Set(moved))
            let turned = pixels(region).map { $0.turned(by: orientation, in: Self.size) }
            #expect(pixels(region.transformed(by: orientation, in: Self.size)) == Set(turned))
        }
    }

    @Test(arguments: [(1, 1), (3, 1), (1, 2), (3, 2), (2, 3), (5, 4)])
    func scalingRoundsOutwardOrInward(numerator: Int, denominator: Int) {
        /// The pixels that share some of the area that a pixel takes when it is scaled.
        func touched(_ pixel: Point, _ numerator: Int, _ denominator: Int) -> [Point] {
            let (x, y) = (pixel.x * numerator / denominator, pixel.y * numerator / denominator)
            return Rectangle(x: x - 4, y: y - 4, width: 9, height: 9).pixels.filter {
                $0.x * denominator < (pixel.x + 1) * numerator && ($0.x + 1) * denominator > pixel.x * numerator
                    && $0.y * denominator < (pixel.y + 1) * numerator && ($0.y + 1) * denominator > pixel.y * numerator
            }
        }
        for region in regions(seed: 5, count: 20) {
            let before = pixels(region)
            let outward = region.scaledOutward(byNumerator: numerator, denominator: denominator)
            let inward = region.scaledInward(byNumerator: numerator, denominator: denominator)
            #expect(pixels(outward) == Set(before.flatMap { touched($0, numerator, denominator) }))
            #expect(pixels(inward).allSatisfy { before.isSuperset(of: touched($0, denominator, numerator)) })
            if denominator == 1 { #expect(inward == outward) }
        }
    }

    @Test func coarseningNeverErrsToTheWrongSide() {
        for region in regions(seed: 6, count: 200) {
            for limit in [0, 1, 2, 4, 100] {
                let (outward, inward) = (region.coarsenedOutward(limit: limit), region.coarsenedInward(limit: limit))
                #expect(region.subtracting(outward).isEmpty && inward.subtracting(region).isEmpty)
                #expect(outward.rectangleCount <= max(limit, 1) && inward.rectangleCount <= limit)
                if region.rectangleCount <= limit { #expect(outward == region && inward == region) }
                if limit > 0 { #expect(inward.isEmpty == region.isEmpty) }
            }
        }
    }

    @Test func thirtyTwoBitsNeverOverflow() {
        let (lowest, highest) = (Int(Int32.min), Int(Int32.max))
        let edges = [lowest, lowest + 1, -1 << 30, -1, 0, 1, 1 << 30, highest - 1, highest]
        let rectangles = edges.flatMap { edge in
            (edges + [2 * highest]).map { Rectangle(x: edge, y: -edge, width: $0, height: 2 * highest) }
        }
        for (first, second) in rectangles.flatMap({ first in rectangles.map { (first, $0) } }) {
            let (a, b) = (Region(first), Region(second))
            #expect(a.union(b) == b.union(a) && a.intersection(b) == a.intersection(second))
            #expect(a.intersection(b).union(a.subtracting(b)) == a)
            #expect(a.union(b).subtracting(b) == a.subtracting(b))
        }
    }

    @Test func whatMovesBeyondTheLimitsDoesntComeBackOnTheOtherSide() {
        let far = Int(Int32.max)
        for step in [Point(x: far, y: 0), Point(x: -far, y: 0), Point(x: 0, y: far), Point(x: 0, y: -far)] {
            let region = Region(Rectangle(x: -5, y: -5, width: 10, height: 10))
            #expect(region.translated(by: step).isEmpty)
            let half = Point(x: step.x / 2, y: step.y / 2)
            let near = region.translated(by: half)
            #expect(!near.isEmpty && near.translated(by: half).isEmpty)
            #expect(near.translated(by: Point(x: -half.x, y: -half.y)).subtracting(region).isEmpty)
        }
    }
}
