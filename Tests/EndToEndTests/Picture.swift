import CPNG
import Foundation

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
        let data = try Data(contentsOf: URL(filePath: path))
        var (width, height): (UInt32, UInt32) = (0, 0)
        let size = unsafe data.withUnsafeBytes {
            unsafe signet_png_decoded_size($0.baseAddress, $0.count, &width, &height)
        }
        guard size > 0 else { throw Failure(description: "\(path) is no PNG file") }
        var rgb = [UInt8](repeating: 0, count: size)
        let isDecoded = unsafe data.withUnsafeBytes {
            unsafe signet_png_decode($0.baseAddress, $0.count, &rgb)
        }
        guard isDecoded != 0 else { throw Failure(description: "\(path) can't be decoded") }
        self.width = Int(width)
        self.height = Int(height)
        pixels = (0..<rgb.count / 3).map { index in
            UInt32(rgb[index * 3]) << 16 | UInt32(rgb[index * 3 + 1]) << 8 | UInt32(rgb[index * 3 + 2])
        }
    }

    /// How many different colours there are.
    var colorCount: Int { Set(pixels).count }

    /// How many pixels have a colour.
    func count(of color: UInt32) -> Int { pixels.count { $0 == color } }
}
