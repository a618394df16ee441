import Pixels

/// Numbers that look random and are the same every time (SplitMix64).
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func number(in range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }

    /// A premultiplied pixel, whose highest bits are alpha; clear and opaque ones are as frequent as all others.
    mutating func pixel(_ channels: Channels = Channels(.argb8888)) -> UInt32 {
        let (opaque, full) = (1 << channels.alphaBits - 1, 1 << channels.redBits - 1)
        let alpha = [0, number(in: 1...opaque - 1), number(in: 1...opaque - 1), opaque].randomElement(using: &self)!
        return (0..<3).reduce(UInt32(alpha)) { pixel, _ in
            pixel << channels.redBits | UInt32(number(in: 0...alpha * full / opaque))
        }
    }

    mutating func region(in size: Size, rectangles: ClosedRange<Int>) -> Region {
        (0..<number(in: rectangles)).reduce(into: Region()) { region, _ in
            let (x, y) = (number(in: -2...size.width), number(in: -2...size.height))
            region.formUnion(Rectangle(x: x, y: y, width: number(in: 0...9), height: number(in: 0...9)))
        }
    }
}

extension Rectangle {
    /// Every pixel inside, one by one.
    var pixels: [Point] {
        isEmpty ? [] : (minY..<maxY).flatMap { y in (minX..<maxX).map { x in Point(x: x, y: y) } }
    }
}

extension Placement.Crop {
    init(_ part: Rectangle) {
        self.init(x: Double(part.x), y: Double(part.y), width: Double(part.width), height: Double(part.height))
    }
}

extension Point {
    /// Where a pixel of content of `size` is after turning the content step by step, as wl_output.transform describes
    /// it.
    func turned(by orientation: Orientation, in size: Size) -> Point {
        var (point, size) = (self, size)
        if orientation.rawValue >= 4 { point.x = size.width - 1 - point.x }
        for _ in 0..<orientation.rawValue & 3 {
            point = Point(x: point.y, y: size.width - 1 - point.x)
            size = size.transposed
        }
        return point
    }
}
