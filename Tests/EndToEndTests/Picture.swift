import TestSupport

/// A PNG file's pixels.
struct Picture {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let width: Int
    let height: Int
    /// 0xRRGGBB, by row.
    let pixels: [UInt32]

    init(contentsOf path: String) throws {
        let file = try PNG(contentsOf: path)
        (width, height, pixels) = (file.width, file.height, file.pixels)
    }

    /// The top left part of another one, which has that.
    init(_ whole: Picture, width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        pixels = (0..<height).flatMap { whole.pixels[$0 * whole.width..<$0 * whole.width + width] }
    }

    /// A part of another one, which has that.
    init(_ whole: Picture, columns: Range<Int>, rows: Range<Int>) {
        (width, height) = (columns.count, rows.count)
        pixels = rows.flatMap { row in columns.map { whole.pixels[row * whole.width + $0] } }
    }

    /// How many different colours there are.
    var colorCount: Int { Set(pixels).count }

    /// How many pixels have a colour.
    func count(of color: UInt32) -> Int { pixels.count { $0 == color } }

    private static let background: UInt32 = 0x2e3440

    /// The pixels of the only window, below its title bar; nil where there is no window of that size.
    func windowContent(_ width: Int, _ height: Int) -> [[UInt32]]? {
        guard let first = pixels.firstIndex(where: { $0 != Self.background }) else { return nil }
        let (left, top) = (first % self.width, first / self.width + 22)
        guard left + width <= self.width, top + height <= self.height else { return nil }
        return (top..<top + height).map { y in Array(pixels[y * self.width + left..<y * self.width + left + width]) }
    }

    /// The bars of the picture that vivid's cameras see, from white to black. A row near the bottom has no text on it.
    static let cameraBars: [UInt32] = [
        0xbebebe, 0xbcbe00, 0x00bebd, 0x00bd00, 0xbc00bd, 0xbc0000, 0x0000bc, 0x000000,
    ]

    /// Whether some row shows these colours one after the other, each on ten pixels or more and within 2 of each
    /// channel.
    func hasRow(of colors: [UInt32]) -> Bool {
        (0..<height).contains { y in
            var (next, run) = (0, 0)
            for pixel in pixels[y * width..<(y + 1) * width] {
                guard next < colors.count else { break }
                let isNear = [16, 8, 0].allSatisfy {
                    abs(Int(pixel >> $0 & 0xff) - Int(colors[next] >> $0 & 0xff)) <= 2
                }
                run = isNear ? run + 1 : 0
                if run == 10 { (next, run) = (next + 1, 0) }
            }
            return next == colors.count
        }
    }
}
