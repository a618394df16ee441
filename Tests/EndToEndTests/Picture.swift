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

    /// How many different colours there are.
    var colorCount: Int { Set(pixels).count }

    /// How many pixels have a colour.
    func count(of color: UInt32) -> Int { pixels.count { $0 == color } }
}
