import DirectRendering
import Glibc
import SharedMemory
import TestSupport

/// A frame as a compositor hands it out, XRGB8888 in sealed memory, with a picture of many colours in it.
final class SealedFrame {
    static let seals: Seals = [.shrink, .grow, .futureWrite, .seal]

    let width: Int
    let height: Int
    let file: Descriptor
    /// The only mapping that can write.
    var pixels: WritableMapping

    init(_ width: Int, _ height: Int, seed: UInt32 = 0) throws {
        let file = TestFile.memfd(width * height * 4)
        var pixels = try WritableMapping(file, length: width * height * 4)
        try file.addSeals(Self.seals)
        fill(&pixels, width: width, height: height, stride: width * 4, seed: seed)
        (self.width, self.height) = (width, height)
        self.file = file
        self.pixels = pixels
    }

    var size: Int { width * height * 4 }

    var format: VideoQueue.Format {
        .init(
            pixelFormat: FourCC.code("XR24")!,
            width: width,
            height: height,
            planes: [.init(stride: width * 4, size: size)]
        )
    }

    /// As a reader maps it.
    func memory() throws -> VideoMemory { try VideoMemory(mapping: file, length: size) }

    func set(_ x: Int, _ y: Int, to color: UInt32) {
        let start = (y * width + x) * 4
        pixels.withMutableBytes(in: start..<start + 4) { $0.storeBytes(of: color, as: UInt32.self) }
    }
}

/// How many columns and rows the pattern has, which is repeated.
private let tile = (width: 64, height: 16)

/// A colour of the pattern.
private func color(_ x: Int, _ y: Int, seed: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: (x % tile.width + 1) * 0x2c5a3 + (y % tile.height) * 0x5f1b7) ^ seed & 0xff_ffff
}

/// Fills memory with the pattern; a tile is computed, and the rest copied, as the emulated machine is slow.
func fill(_ pixels: inout WritableMapping, width: Int, height: Int, stride: Int, seed: UInt32) {
    let length = pixels.length
    let rows = (0..<min(tile.height, height)).map { y in
        let part = (0..<min(tile.width, width)).map { color($0, y, seed: seed) }
        return repeated(part, upTo: width)
    }
    pixels.withMutableBytes(in: 0..<length) { bytes in
        unsafe bytes.withUnsafeMutableBytes { bytes in
            for y in 0..<height {
                let row = rows[y % tile.height]
                unsafe memcpy(bytes.baseAddress! + y * stride, row, width * 4)
            }
        }
    }
}

private func repeated<Element>(_ part: [Element], upTo count: Int) -> [Element] {
    var row: [Element] = []
    while row.count < count { row += part.prefix(count - row.count) }
    return row
}

/// The YUYV of two neighbours in BT.601, limited range, as vim2m computes it: the chroma is the first one's.
func yuyv(_ first: UInt32, _ second: UInt32) -> [UInt8] {
    func channels(_ color: UInt32) -> (Int, Int, Int) {
        (Int(color >> 16 & 0xff), Int(color >> 8 & 0xff), Int(color & 0xff))
    }
    func luma(_ color: UInt32) -> UInt8 {
        let (r, g, b) = channels(color)
        return UInt8((8_453 * r + 16_594 * g + 3_223 * b + 524_288) >> 15)
    }
    let (r, g, b) = channels(first)
    return [
        luma(first), UInt8((-4_878 * r - 9_578 * g + 14_456 * b + 4_210_688) >> 15),
        luma(second), UInt8((14_456 * r - 12_105 * g - 2_351 * b + 4_210_688) >> 15),
    ]
}

/// The rows in which a converted pattern isn't bit exact.
func wrongRows(_ bytes: RawSpan, width: Int, height: Int, stride: Int, seed: UInt32) -> [Int] {
    let rows = (0..<min(tile.height, height)).map { y in
        let part = (0..<tile.width / 2).flatMap { pair in
            yuyv(color(pair * 2, y, seed: seed), color(pair * 2 + 1, y, seed: seed))
        }
        return repeated(part, upTo: width * 2)
    }
    return unsafe bytes.withUnsafeBytes { bytes in
        (0..<height).filter { y in
            unsafe memcmp(bytes.baseAddress! + y * stride, rows[y % tile.height], width * 2) != 0
        }
    }
}
