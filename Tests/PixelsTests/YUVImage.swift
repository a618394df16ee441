import Pixels

/// An image of luma and chroma in memory, with any strides.
struct YUVImage {
    static let formats: [YUVFormat] = [.yuyv, .uyvy, .nv12, .nv16, .yuv420]

    let layout: YUVLayout
    /// Three of them; those that the format doesn't have are empty.
    private var planes: [[UInt8]] = []

    init(
        _ width: Int,
        _ height: Int,
        _ format: YUVFormat,
        _ matrix: ColorMatrix,
        padding: Int = 0,
        missing: Int = 0,
        from numbers: inout Numbers
    ) {
        let size = Size(width: width, height: height)
        // A different padding for each plane.
        let strides = (0..<format.planeCount).map { format.rowBytes(plane: $0, in: size) + padding * ($0 + 1) }
        layout = YUVLayout(size: size, strides: strides, format: format, matrix: matrix)!
        for plane in 0..<3 {
            let count = plane < format.planeCount ? layout.byteCount(plane: plane) : 0
            let isLast = plane == format.planeCount - 1
            planes.append((0..<count - (isLast ? missing : 0)).map { _ in .random(in: 0...255, using: &numbers) })
        }
    }

    /// Where a pixel's luma, Cb and Cr are, as the comments in drm_fourcc.h say it.
    private func places(_ pixel: Point) -> [(plane: Int, row: Int, byte: Int)] {
        let (x, y, odd, pair) = (pixel.x, pixel.y, pixel.x % 2, pixel.x / 2)
        return switch layout.format {
        case .yuyv: [(0, y, 4 * pair + 2 * odd), (0, y, 4 * pair + 1), (0, y, 4 * pair + 3)]
        case .uyvy: [(0, y, 4 * pair + 2 * odd + 1), (0, y, 4 * pair), (0, y, 4 * pair + 2)]
        case .nv12: [(0, y, x), (1, y / 2, 2 * pair), (1, y / 2, 2 * pair + 1)]
        case .nv16: [(0, y, x), (1, y, 2 * pair), (1, y, 2 * pair + 1)]
        default: [(0, y, x), (1, y / 2, pair), (2, y / 2, pair)]
        }
    }

    /// A pixel's luma, Cb and Cr.
    subscript(pixel: Point) -> [UInt8] {
        get { places(pixel).map { planes[$0.plane][$0.row * layout.strides[$0.plane] + $0.byte] } }
        set {
            for (place, value) in zip(places(pixel), newValue) {
                planes[place.plane][place.row * layout.strides[place.plane] + place.byte] = value
            }
        }
    }

    /// A pixel's red, green and blue from 0 to 255, not rounded.
    func color(_ pixel: Point) -> [Double] { layout.matrix.color(self[pixel]) }

    /// The same image in XRGB8888, each channel rounded to nearest.
    func converted() -> Image {
        var numbers = Numbers(seed: 0)
        var image = Image(layout.size.width, layout.size.height, .xrgb8888, from: &numbers)
        for pixel in layout.size.bounds.pixels {
            image[pixel] = color(pixel).reduce(0) { $0 << 8 | UInt32($1.rounded()) }
        }
        return image
    }

    /// The planes' memory.
    var memory: (first: [UInt8], second: [UInt8], third: [UInt8]) { (planes[0], planes[1], planes[2]) }
}

extension Image {
    mutating func draw(_ source: YUVImage, _ placement: Placement, clip: Region) {
        let layout = layout
        let (first, second, third) = source.memory
        withMemory { target in
            unsafe Painter.draw(
                first.span.bytes,
                second: second.span.bytes,
                third: third.span.bytes,
                source.layout,
                onto: &target,
                layout,
                placement: placement,
                clip: clip
            )
        }
    }
}

extension ColorMatrix {
    /// Red, green and blue from 0 to 255 of luma, Cb and Cr, by the definitions in ITU-R BT.601 and BT.709.
    func color(_ values: [UInt8]) -> [Double] {
        let (kr, kg, kb) = self == .bt601 ? (0.299, 0.587, 0.114) : (0.2126, 0.7152, 0.0722)
        let y = (Double(values[0]) - 16) / 219
        let (cb, cr) = ((Double(values[1]) - 128) / 224, (Double(values[2]) - 128) / 224)
        let red = y + cr * 2 * (1 - kr)
        let blue = y + cb * 2 * (1 - kb)
        let green = (y - kr * red - kb * blue) / kg
        return [red, green, blue].map { max(0, min(1, $0)) * 255 }
    }
}
