import Pixels

/// Where a format's channels are, as drm_fourcc.h says it.
struct Channels {
    /// What is in a pixel from the highest bits down, "A", "R", "G", "B" or "X", and how many bits each takes.
    let fields: [(name: Character, bits: Int)]

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

    init(_ format: PixelFormat) {
        let words = Self.comments.first { $0.key == format }!.value.split(separator: " ")
        let names = words[1].split(separator: ":")
        let bits = words[2].split(separator: ":").compactMap { Int($0) }
        fields = zip(names, bits.isEmpty ? names.map { _ in 8 } : bits).map { ($0.0.first!, $0.1) }
    }

    /// How many bits a channel has.
    var bits: [Character: Int] { Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.bits) }) }

    /// A pixel as 0xAARRGGBB, opaque where there is no alpha.
    func decode(_ pixel: UInt32) -> UInt32 {
        var values: [Character: UInt32] = [:]
        var rest = pixel
        for (name, bits) in fields.reversed() {
            values[name] = byte(rest & (1 << bits - 1), bits: bits)
            rest >>= bits
        }
        return (values["A"] ?? 255) << 24 | values["R"]! << 16 | values["G"]! << 8 | values["B"]!
    }

    /// Fewer than eight bits are repeated until they fill a byte, more are cut off: it is what pixman does.
    private func byte(_ value: UInt32, bits: Int) -> UInt32 {
        var (value, bits) = (value, bits)
        while bits < 8 { (value, bits) = (value << bits | value, 2 * bits) }
        return value >> (bits - 8)
    }
}
