import CPNG
import Foundation

/// Pictures as PNG files.
public struct PNG: Equatable {
    /// What a file isn't.
    public struct Failure: Error, CustomStringConvertible {
        /// A sentence.
        public let description: String
    }

    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// 0xRRGGBB, by row.
    public let pixels: [UInt32]

    /// A picture of these rows, which are of one length.
    public init(_ rows: [[UInt32]]) {
        width = rows.first?.count ?? 0
        height = rows.count
        pixels = Array(rows.joined())
    }

    /// Reads a file.
    public init(contentsOf path: String) throws {
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

    /// Writes a file.
    public func write(to path: String) throws {
        let rgb = pixels.flatMap { [UInt8($0 >> 16 & 0xff), UInt8($0 >> 8 & 0xff), UInt8($0 & 0xff)] }
        var size = 0
        guard unsafe signet_png_encode(UInt32(width), UInt32(height), rgb, nil, &size) != 0 else {
            throw Failure(description: "the picture can't be encoded")
        }
        var file = [UInt8](repeating: 0, count: size)
        guard unsafe signet_png_encode(UInt32(width), UInt32(height), rgb, &file, &size) != 0 else {
            throw Failure(description: "the picture can't be encoded")
        }
        try Data(file.prefix(size)).write(to: URL(filePath: path))
    }
}
