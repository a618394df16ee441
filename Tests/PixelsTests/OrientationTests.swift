import Pixels
import Testing

/// wl_output.transform, beside pictures that are turned step by step.
@Suite struct OrientationTests {
    /// A quarter counter-clockwise: the right column becomes the top row.
    private static func quarter(_ picture: [[Int]]) -> [[Int]] {
        picture[0].indices.reversed().map { x in picture.map { $0[x] } }
    }

    /// As the protocol describes it: flipped around the vertical axis first, then turned.
    static func turn(_ picture: [[Int]], _ orientation: Orientation) -> [[Int]] {
        var result = orientation.rawValue >= 4 ? picture.map { Array($0.reversed()) } : picture
        for _ in 0..<(orientation.rawValue % 4) { result = quarter(result) }
        return result
    }

    private let picture = [[1, 2, 3], [4, 5, 6]]
    private let size = Size(width: 3, height: 2)

    @Test(arguments: Orientation.allCases)
    func pixelsGoWhereTheProtocolSays(orientation: Orientation) {
        let turned = Self.turn(picture, orientation)
        #expect(orientation.apply(to: size) == Size(width: turned[0].count, height: turned.count))
        for y in 0..<2 {
            for x in 0..<3 {
                let place = orientation.apply(to: Rectangle(x: x, y: y, width: 1, height: 1), in: size)
                #expect(place.size == Size(width: 1, height: 1))
                #expect(turned[place.y][place.x] == picture[y][x])
            }
        }
    }

    @Test(arguments: Orientation.allCases)
    func theInverseUndoesIt(orientation: Orientation) {
        #expect(Self.turn(Self.turn(picture, orientation), orientation.inverse) == picture)
        let rectangle = Rectangle(x: 1, y: 0, width: 2, height: 1)
        let there = orientation.apply(to: rectangle, in: size)
        #expect(orientation.inverse.apply(to: there, in: orientation.apply(to: size)) == rectangle)
        let region = Region(rectangle).transformed(by: orientation, in: size)
        #expect(region == Region(there))
    }

    @Test func numbersAreTheProtocols() {
        #expect(Orientation.allCases.map(\.rawValue) == Array(0...7))
        #expect(Orientation.allCases.filter(\.transposesSize).map(\.rawValue) == [1, 3, 5, 7])
    }
}
