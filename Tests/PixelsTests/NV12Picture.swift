import Pixels

/// A video frame in memory, with other bytes on both sides.
struct NV12Picture: Equatable {
    let layout: NV12Layout
    private var bytes: [UInt8]
    private static let margin = 67

    init(_ width: Int, _ height: Int, from numbers: inout Numbers) {
        layout = NV12Layout(width: width, height: height)!
        bytes = (0..<layout.byteCount + 2 * Self.margin).map { _ in .random(in: 0...255, using: &numbers) }
    }

    /// A pixel's luma, Cb and Cr.
    subscript(pixel: Point) -> [UInt8] {
        get { places(pixel).map { bytes[$0] } }
        set { for (place, value) in zip(places(pixel), newValue) { bytes[place] = value } }
    }

    private func places(_ pixel: Point) -> [Int] {
        let luma = Self.margin + pixel.y * layout.stride + pixel.x
        let chroma = Self.margin + layout.chromaOffset + pixel.y / 2 * layout.stride + pixel.x / 2 * 2
        return [luma, chroma, chroma + 1]
    }

    /// The picture's own bytes.
    var memory: [UInt8] { Array(bytes[Self.margin..<bytes.count - Self.margin]) }

    @discardableResult
    mutating func convert(_ part: Rectangle, of source: Image, missing: Int = 0) throws(NV12Error) -> Rectangle {
        let layout = layout
        var span = bytes.mutableSpan
        var all = unsafe span.mutableBytes
        var target = all._mutatingExtracting(Self.margin..<Self.margin + layout.byteCount - missing)
        return try source.withPixels { pixels throws(NV12Error) in
            try layout.convert(part, of: pixels, source.layout, to: &target)
        }
    }

    /// What a pixel is to become, by the definition, not rounded.
    static func expected(_ pixel: Point, of source: Image) -> [Double] {
        let size = source.layout.size
        let corner = Point(x: pixel.x / 2 * 2, y: pixel.y / 2 * 2)
        guard corner.x < size.width, corner.y < size.height else { return [16, 128, 128] }
        func color(_ x: Int, _ y: Int) -> [Double] {
            let value = source[Point(x: min(x, size.width - 1), y: min(y, size.height - 1))]
            return [16, 8, 0].map { Double(value >> $0 & 0xff) }
        }
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map { color(corner.x + $0.0, corner.y + $0.1) }
        let mean = (0..<3).map { channel in four.reduce(0) { $0 + $1[channel] } / 4 }
        let chroma = ColorMatrix.bt709.lumaAndChroma(mean)
        return [ColorMatrix.bt709.lumaAndChroma(color(pixel.x, pixel.y))[0], chroma[1], chroma[2]]
    }
}

extension ColorMatrix {
    /// Luma, Cb and Cr in limited range of red, green and blue from 0 to 255, by the definitions in ITU-R BT.601 and
    /// BT.709.
    func lumaAndChroma(_ color: [Double]) -> [Double] {
        let (kr, kg, kb) = self == .bt601 ? (0.299, 0.587, 0.114) : (0.2126, 0.7152, 0.0722)
        let y = kr * color[0] + kg * color[1] + kb * color[2]
        let (cb, cr) = ((color[2] - y) / (2 - 2 * kb), (color[0] - y) / (2 - 2 * kr))
        return [16 + 219 * y / 255, 128 + 224 * cb / 255, 128 + 224 * cr / 255]
    }
}
