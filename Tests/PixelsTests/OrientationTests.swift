import Pixels
import Testing

/// The values of wl_output.transform, against pixels turned one at a time.
@Suite struct OrientationTests {
    private let size = Size(width: 7, height: 4)

    @Test func theNumbersAreTheProtocols() {
        #expect(Orientation.allCases.map(\.rawValue) == Array(0..<8))
        #expect(Orientation(rawValue: 8) == nil)
    }

    @Test func rotationIsCounterClockwise() {
        let topRight = Rectangle(x: 6, y: 0, width: 1, height: 1)
        #expect(Orientation.rotated90.apply(to: topRight, in: size).origin == Point(x: 0, y: 0))
        #expect(Orientation.rotated270.apply(to: topRight, in: size).origin == Point(x: 3, y: 6))
        #expect(Orientation.flipped90.apply(to: topRight, in: size).origin == Point(x: 0, y: 6))
    }

    @Test(arguments: Orientation.allCases)
    func rectanglesGoWhereTheirPixelsGo(orientation: Orientation) {
        for corner in size.bounds.pixels {
            for extent in size.bounds.pixels {
                let rectangle = Rectangle(x: corner.x, y: corner.y, width: extent.x, height: extent.y)
                let turned = orientation.apply(to: rectangle, in: size)
                #expect(Set(turned.pixels) == Set(rectangle.pixels.map { $0.turned(by: orientation, in: size) }))
            }
        }
    }

    @Test(arguments: Orientation.allCases)
    func turnedContentFillsItsTurnedSize(orientation: Orientation) {
        #expect(orientation.apply(to: size.bounds, in: size) == orientation.apply(to: size).bounds)
        #expect(orientation.transposesSize == (orientation.apply(to: size) != size))
    }

    @Test(arguments: Orientation.allCases)
    func theInverseUndoesIt(orientation: Orientation) {
        let rectangle = Rectangle(x: 1, y: 2, width: 4, height: 1)
        let turned = orientation.apply(to: rectangle, in: size)
        #expect(orientation.inverse.apply(to: turned, in: orientation.apply(to: size)) == rectangle)
        #expect(orientation.inverse.apply(to: orientation.apply(to: size)) == size)
    }

    /// A flip turns the rotation before it around; two flips are none.
    @Test(arguments: Orientation.allCases, Orientation.allCases)
    func turningTwiceIsTurningOnce(first: Orientation, second: Orientation) throws {
        let rotation = second.rawValue >= 4 ? second.rawValue &- first.rawValue : second.rawValue &+ first.rawValue
        let both = try #require(Orientation(rawValue: (first.rawValue ^ second.rawValue) & 4 | rotation & 3))
        let rectangle = Rectangle(x: 1, y: 2, width: 4, height: 1)
        let once = first.apply(to: rectangle, in: size)
        #expect(second.apply(to: once, in: first.apply(to: size)) == both.apply(to: rectangle, in: size))
    }
}
