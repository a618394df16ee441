import Pixels

/// Where a format's channels are, as drm_fourcc.h says it.
struct Channels {
    /// The comments in drm_fourcc.h, of the formats that are drawn.
    static let comments: KeyValuePairs<PixelFormat, String> = [
        .xrgb8888: "[31:0] x:R:G:B 8:8:8:8 little endian",
        .argb8888: "[31:0] A:R:G:B 8:8:8:8 little endian",
        .xbgr8888: "[31:0] x:B:G:R 8:8:8:8 little endian",
        .abgr8888: "[31:0] A:B:G:R 8:8:8:8 little endian",
        .rgb565: "[15:0] R:G:B 5:6:5 little endian",
        .bgr565: "[15:0] B:G:R 5:6:5 little endian",
        .rgb888: "[23:0] R:G:B little endian",
        .bgr888: "[23:0] B:G:R little endian",
        .xrgb2101010: "[31:0] x:R:G:B 2:10:10:10 little endian",
        .argb2101010: "[31:0] A:R:G:B 2:10:10:10 little endian",
        .xbgr2101010: "[31:0] x:B:G:R 2:10:10:10 little endian",
        .abgr2101010: "[31:0] A:B:G:R 2:10:10:10 little endian",
    ]

    /// How many bits a pixel has.
    let bits: Int
    /// How many of them are alpha, and how many are red; blue has as many.
    let alphaBits: Int
    let redBits: Int
    /// Alpha, red, green and blue, as far as they are there: by how much a channel is shifted to the left, and its
    /// bits.
    private let fields: [(shift: Int, bits: Int)?]

    init(_ format: PixelFormat) {
        let words = Self.comments.first { $0.key == format }!.value.split(separator: " ")
        let names = words[1].split(separator: ":")
        let widths = words[2].split(separator: ":").compactMap { Int($0) }
        var found: [Substring: (shift: Int, bits: Int)] = [:]
        var shift = 0
        for (name, width) in zip(names, widths.isEmpty ? [8, 8, 8] : widths).reversed() {
            found[name] = (shift, width)
            shift += width
        }
        bits = shift
        alphaBits = found["A"]?.bits ?? 0
        redBits = found["R"]!.bits
        fields = ["A", "R", "G", "B"].map { found[$0] }
    }

    /// A pixel as 0xAARRGGBB, opaque where there is no alpha.
    func decode(_ pixel: UInt32) -> UInt32 {
        fields.reduce(0) { result, field in
            guard let (shift, bits) = field else { return 0xff }
            return result << 8 | byte(pixel >> shift & (1 << bits - 1), bits: bits)
        }
    }

    /// Fewer than eight bits are repeated until they fill a byte, of more the lowest are cut off. It is what pixman
    /// does.
    private func byte(_ value: UInt32, bits: Int) -> UInt32 {
        var (value, bits) = (value, bits)
        while bits < 8 { (value, bits) = (value << bits | value, 2 * bits) }
        return value >> (bits - 8)
    }
}
