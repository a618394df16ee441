import Pixels

/// Pictures of a window that moves over a background that doesn't, one after the other: more than caches hold.
struct Frames {
    static let count = 8
    private static let window = Size(width: 600, height: 400)
    /// How far the window comes from one picture to the next, in pixels.
    private static let step = Point(x: 12, y: 5)

    let layout: PixelLayout
    /// The pictures, one behind the other.
    private let bytes: [UInt8]

    init(_ size: Size) {
        let layout = PixelLayout(size: size, stride: size.width * 4, format: .xrgb8888)!
        var bytes = [UInt8](repeating: 0, count: Self.count * layout.byteCount)
        for frame in 0..<Self.count {
            let window = Self.place(frame)
            for y in 0..<size.height {
                let row = frame * layout.byteCount + y * layout.stride
                for x in 0..<size.width {
                    let isInside = window.contains(Point(x: x, y: y))
                    let (x, y) = isInside ? (x - window.x, y - window.y) : (x, y)
                    // Slopes of colour, with lines as of text.
                    let isLine = y % 16 < 9 && (x &* 2_654_435_761 >> 7 ^ y &* 40_503 >> 3) & 3 == 0
                    let at = row + 4 * (isInside ? x + window.x : x)
                    bytes[at] = isLine ? 0x20 : UInt8(truncatingIfNeeded: isInside ? 255 - x / 3 : x / 8)
                    bytes[at + 1] = isLine ? 0x20 : UInt8(truncatingIfNeeded: isInside ? 240 - y / 4 : y / 5)
                    bytes[at + 2] = isLine ? 0x30 : UInt8(truncatingIfNeeded: isInside ? 250 : 40 + (x + y) / 16)
                }
            }
        }
        self.layout = layout
        self.bytes = bytes
    }

    private static func place(_ frame: Int) -> Rectangle {
        // There and back, so that the last is followed by the first.
        let distance = min(frame, count - frame)
        return Rectangle(
            origin: Point(x: 300 + distance * step.x, y: 200 + distance * step.y),
            size: window
        )
    }

    /// A picture's bytes.
    func withFrame<R>(_ index: Int, _ body: (RawSpan) throws -> R) rethrows -> R {
        let start = index % Self.count * layout.byteCount
        return try unsafe body(bytes.span.bytes.extracting(start..<start + layout.byteCount))
    }

    /// Where a picture differs from the one before: where the window is and was.
    static func damage(_ index: Int) -> [Rectangle] {
        var region = Region(place(index % count))
        region.formUnion(place((index + count - 1) % count))
        var result: [Rectangle] = []
        region.forEachRectangle { result.append($0) }
        return result
    }
}
