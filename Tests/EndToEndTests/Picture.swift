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
}
