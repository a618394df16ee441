import Pixels

/// An image in memory, at any address and with any stride.
struct Image: Equatable {
    let layout: PixelLayout
    /// How many bytes it starts after an aligned address.
    let start: Int
    private var bytes: [UInt8]

    init(
        _ width: Int,
        _ height: Int,
        _ format: PixelFormat,
        padding: Int = 0,
        start: Int = 0,
        missing: Int = 0,
        from numbers: inout Numbers
    ) {
        let size = Size(width: width, height: height)
        layout = PixelLayout(size: size, stride: width * format.bytesPerPixel + padding, format: format)!
        self.start = start
        let count = start + layout.stride * height - missing
        bytes = []
        while bytes.count < count { unsafe withUnsafeBytes(of: numbers.next()) { unsafe bytes.append(contentsOf: $0) } }
        bytes.removeLast(bytes.count - count)
        let channels = Channels(format)
        if format.hasAlpha { for pixel in size.bounds.pixels { self[pixel] = numbers.pixel(channels) } }
    }

    /// A pixel's bytes as a little-endian number.
    subscript(point: Point) -> UInt32 {
        get {
            let offset = offset(of: point)
            return (0..<layout.format.bytesPerPixel).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
        }
        set {
            let offset = offset(of: point)
            for index in 0..<layout.format.bytesPerPixel {
                bytes[offset + index] = UInt8(truncatingIfNeeded: newValue >> (8 * index))
            }
        }
    }

    private func offset(of point: Point) -> Int {
        start + point.y * layout.stride + point.x * layout.format.bytesPerPixel
    }

    /// Passes on the bytes from the first pixel on.
    func withPixels<Result, Failure>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result {
        try unsafe body(bytes.span.bytes.extracting(droppingFirst: start))
    }

    /// The same with all fourth bytes 0, where they mean nothing; what is between the rows stays.
    var visible: Image {
        var image = self
        for pixel in layout.size.bounds.pixels where !layout.format.hasAlpha { image[pixel] &= 0xff_ffff }
        return image
    }

    /// How far the bytes of two images with the same layout are apart where that is most.
    func difference(from other: Image) -> Int {
        zip(bytes, other.bytes).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    }

    mutating func fill(_ color: UInt32, _ region: Region) {
        let layout = layout
        withMemory { Painter.fill(&$0, layout, color: color, region: region) }
    }

    mutating func draw(_ source: Image, _ placement: Placement, clip: Region, opaque: Region = Region()) {
        let pixels = unsafe source.bytes.span.bytes.extracting(droppingFirst: source.start)
        let layout = layout
        withMemory {
            Painter.draw(pixels, source.layout, onto: &$0, layout, placement: placement, clip: clip, opaque: opaque)
        }
    }

    mutating func withMemory(_ body: (inout MutableRawSpan) -> Void) {
        let start = start
        unsafe bytes.withUnsafeMutableBytes { all in
            var memory = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start...]).mutableBytes
            body(&memory)
        }
    }

    /// What ``draw(_:_:clip:opaque:)`` is to do for whole-number enlargements, pixel by pixel.
    func expected(_ source: Image, _ placement: Placement, clip: Region, opaque: Region = Region()) -> Image {
        let channels = Channels(source.layout.format)
        let (destination, orientation) = (placement.destination, placement.orientation)
        let upright = orientation.rawValue % 2 == 1 ? source.layout.size.transposed : source.layout.size
        let size = Size(width: Int(placement.crop?.width ?? 0), height: Int(placement.crop?.height ?? 0))
        let shown = placement.crop == nil ? upright : size
        var image = self
        for pixel in destination.intersection(layout.size.bounds).pixels where clip.contains(pixel) {
            let x = (pixel.x - destination.x) * shown.width / destination.width + Int(placement.crop?.x ?? 0)
            let y = (pixel.y - destination.y) * shown.height / destination.height + Int(placement.crop?.y ?? 0)
            let color = channels.decode(source[Point(x: x, y: y).turned(by: orientation, in: upright)])
            image[pixel] = opaque.contains(pixel) ? color : blend(color, over: image[pixel])
        }
        return image
    }
}

/// Premultiplied OVER: each channel rounded to nearest, and kept within a byte.
func blend(_ source: UInt32, over target: UInt32) -> UInt32 {
    let rest = 255 - source >> 24
    return [24, 16, 8, 0].reduce(0) { pixel, shift in
        let product = (target >> shift & 0xff) * rest
        return pixel << 8 | min(255, (source >> shift & 0xff) + (2 * product + 255) / 510)
    }
}
