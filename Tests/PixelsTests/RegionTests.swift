import Pixels
import Testing

/// Regions beside sets of points.
@Suite struct RegionTests {
    private static let field = Rectangle(x: -8, y: -8, width: 24, height: 24)

    private func points(_ rectangle: Rectangle) -> Set<Point> {
        Set(
            (rectangle.minY..<rectangle.maxY).flatMap { y in
                (rectangle.minX..<rectangle.maxX).map { Point(x: $0, y: y) }
            }
        )
    }

    /// What is inside, from the rectangles; fails where they overlap or are out of order.
    private func points(_ region: Region) -> Set<Point> {
        var result: Set<Point> = []
        var count = 0
        var last = Point(x: .min, y: .min)
        region.forEachRectangle { rectangle in
            #expect(!rectangle.isEmpty)
            #expect((rectangle.minY, rectangle.minX) > (last.y, last.x))
            last = rectangle.origin
            count += 1
            let new = points(rectangle)
            #expect(result.isDisjoint(with: new))
            result.formUnion(new)
        }
        #expect(count == region.rectangleCount && result.isEmpty == region.isEmpty)
        return result
    }

    private func randomRectangle(_ random: inout Random) -> Rectangle {
        Rectangle(
            x: .random(in: -8...12, using: &random),
            y: .random(in: -8...12, using: &random),
            width: .random(in: -1...8, using: &random),
            height: .random(in: -1...8, using: &random)
        )
    }

    private func randomRegion(_ random: inout Random) -> (Region, Set<Point>) {
        var (region, model) = (Region(), Set<Point>())
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let rectangle = randomRectangle(&random)
            region.formUnion(rectangle)
            if !rectangle.isEmpty { model.formUnion(points(rectangle)) }
        }
        return (region, model)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func operationsAgreeWithSets(seed: UInt64) {
        var random = Random(seed)
        let (left, leftModel) = randomRegion(&random)
        let (right, rightModel) = randomRegion(&random)
        let rectangle = randomRectangle(&random)
        let inside = rectangle.isEmpty ? [] : points(rectangle)
        #expect(points(left) == leftModel)
        #expect(points(left.union(right)) == leftModel.union(rightModel))
        #expect(points(left.intersection(right)) == leftModel.intersection(rightModel))
        #expect(points(left.intersection(rectangle)) == leftModel.intersection(inside))
        #expect(points(left.subtracting(right)) == leftModel.subtracting(rightModel))
        #expect((left == right) == (leftModel == rightModel))
        #expect(left.subtracting(right).union(left.intersection(right)) == left)
        #expect(points(Self.field).allSatisfy { left.contains($0) == leftModel.contains($0) })
        #expect(left.isEmpty || points(left.bounds).isSuperset(of: leftModel))
        let moved = left.translated(by: Point(x: 3, y: -5))
        #expect(points(moved) == Set(leftModel.map { Point(x: $0.x + 3, y: $0.y - 5) }))
        // The operands are as they were.
        #expect(points(left) == leftModel && points(right) == rightModel)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>, [2, 3])
    func scalingRoundsTheWayItSays(seed: UInt64, factor: Int) {
        var random = Random(seed)
        let (region, model) = randomRegion(&random)
        #expect(
            region.scaledOutward(byNumerator: factor, denominator: 1).scaledInward(byNumerator: 1, denominator: factor)
                == region
        )
        let outward = points(region.scaledOutward(byNumerator: 1, denominator: factor))
        let inward = points(region.scaledInward(byNumerator: 1, denominator: factor))
        func cell(_ point: Point) -> Set<Point> {
            points(Rectangle(x: point.x * factor, y: point.y * factor, width: factor, height: factor))
        }
        let field = Rectangle(x: -6, y: -6, width: 20, height: 20)
        #expect(outward.isSuperset(of: points(field).filter { !cell($0).isDisjoint(with: model) }))
        #expect(inward.allSatisfy { cell($0).isSubset(of: model) })
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func coarseningErrsTheWayItSays(seed: UInt64) {
        var random = Random(seed)
        let (region, model) = randomRegion(&random)
        for limit in 1...4 {
            let (outward, inward) = (region.coarsenedOutward(limit: limit), region.coarsenedInward(limit: limit))
            #expect(outward.rectangleCount <= limit && points(outward).isSuperset(of: model))
            #expect(inward.rectangleCount <= limit && points(inward).isSubset(of: model))
            #expect(region.rectangleCount > limit || (outward == region && inward == region))
        }
    }

    @Test func emptyIsEmptyHoweverItCame() {
        let one = Region(Rectangle(x: 1, y: 1, width: 1, height: 1))
        let empties = [
            Region(), Region(Rectangle(x: 5, y: 5, width: 0, height: 9)), one.subtracting(one),
            one.intersection(Rectangle(x: 9, y: 9, width: 1, height: 1)), one.intersection(Region()),
            Region().union(Region()), Region(Rectangle(x: 0, y: 0, width: -4, height: 4)),
        ]
        for empty in empties {
            #expect(empty.isEmpty && empty == Region() && empty.rectangleCount == 0 && empty.bounds.isEmpty)
            #expect(empty.union(one) == one && one.union(empty) == one && one.subtracting(empty) == one)
        }
    }

    @Test func numbersOfAnySizeAreSafe() {
        let extremes = [Int(Int32.min), Int(Int32.min) + 1, -1, 0, 1, Int(Int32.max) - 1, Int(Int32.max)]
        var region = Region()
        for x in extremes {
            for width in extremes {
                let rectangle = Rectangle(x: x, y: x, width: width, height: width)
                region.formUnion(rectangle)
                _ = region.translated(by: Point(x: width, y: x))
                _ = region.scaledOutward(byNumerator: Int(Int32.max), denominator: 1)
                _ = region.transformed(by: .rotated180, in: Size(width: 1 << 31, height: 1 << 31))
                region.subtract(Region(Rectangle(x: width, y: x, width: 1, height: 1)))
            }
        }
        #expect(region.bounds.maxX <= 1 << 30 && region.bounds.minX >= -(1 << 30))
    }

    @Test func aCopyKeepsItsPixels() {
        var region = Region(Rectangle(x: 0, y: 0, width: 2, height: 2))
        let copy = region
        region.formUnion(Rectangle(x: 5, y: 5, width: 1, height: 1))
        region.subtract(Region(Rectangle(x: 0, y: 0, width: 1, height: 1)))
        #expect(copy == Region(Rectangle(x: 0, y: 0, width: 2, height: 2)) && region != copy)
    }
}
