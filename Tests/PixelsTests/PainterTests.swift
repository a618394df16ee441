import Pixels
import Testing

/// What the painter draws, beside a reference that looks at one pixel at a time.
@Suite struct PainterTests {
    /// An image whose rows start at odd places.
    struct Image {
        let layout: PixelLayout
        var bytes: [UInt8]

        init(_ width: Int, _ height: Int, _ format: PixelFormat, padding: Int, _ random: inout Random) {
            layout = PixelLayout(
                size: Size(width: width, height: height),
                stride: width * 4 + padding,
                format: format
            )!
            bytes = (0..<layout.byteCount).map { _ in 0xa5 }
            for y in 0..<height {
                for (x, pixel) in KernelTests.pixels(width, &random).enumerated() { self[x, y] = pixel }
            }
        }

        subscript(x: Int, y: Int) -> UInt32 {
            get { (0..<4).reduce(0) { $0 | UInt32(bytes[y * layout.stride + x * 4 + $1]) << UInt32($1 * 8) } }
            set {
                for index in 0..<4 {
                    bytes[y * layout.stride + x * 4 + index] = UInt8(truncatingIfNeeded: newValue >> UInt32(index * 8))
                }
            }
        }

        mutating func draw(_ source: Image, _ placement: Placement, clip: Region, opaque: Region = Region()) {
            let layout = layout
            var span = bytes.mutableSpan
            var target = unsafe span.mutableBytes
            unsafe Painter.draw(
                source.bytes.span.bytes,
                source.layout,
                onto: &target,
                layout,
                placement: placement,
                clip: clip,
                opaque: opaque
            )
        }

        /// Without the byte that means nothing.
        var colors: [UInt32] {
            (0..<layout.size.height).flatMap { y in (0..<layout.size.width).map { self[$0, y] & 0xff_ffff } }
        }
    }

    /// Premultiplied OVER of one pixel, each channel rounded to nearest as pixman does.
    private func over(_ source: UInt32, _ below: UInt32) -> UInt32 {
        (0..<3).reduce(0) { result, channel in
            let shift = UInt32(channel * 8)
            let product = (below >> shift & 0xff) * (255 - source >> 24) + 0x80
            let sum = (source >> shift & 0xff) + (product + product >> 8) >> 8
            return result | min(255, sum) << shift
        }
    }

    /// Each target pixel looks for its own source pixel.
    private func reference(_ target: Image, _ source: Image, _ placement: Placement, clip: Region, opaque: Region)
        -> [UInt32]
    {
        let (size, destination) = (source.layout.size, placement.destination)
        let upright = placement.orientation.apply(to: size)
        let crop = placement.crop ?? .init(x: 0, y: 0, width: Double(upright.width), height: Double(upright.height))
        return (0..<target.layout.size.height).flatMap { y in
            (0..<target.layout.size.width).map { x in
                let below = target[x, y] & 0xff_ffff
                let point = Point(x: x, y: y)
                guard clip.contains(point), Region(destination).contains(point) else { return below }
                let across = Int(crop.x) + (x - destination.x) * Int(crop.width) / destination.width
                let down = Int(crop.y) + (y - destination.y) * Int(crop.height) / destination.height
                let place = placement.orientation.apply(
                    to: Rectangle(x: across, y: down, width: 1, height: 1),
                    in: upright
                )
                let pixel = source[place.x, place.y]
                let isCopied = !source.layout.format.hasAlpha || opaque.contains(point)
                return isCopied ? pixel & 0xff_ffff : over(pixel, below)
            }
        }
    }

    private func check(
        _ source: Image,
        _ placement: Placement,
        clip: Region = Region(Rectangle(x: -5, y: -5, width: 100, height: 100)),
        opaque: Region = Region(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var random = Random(9)
        var target = Image(30, 20, .xrgb8888, padding: 8, &random)
        let expected = reference(target, source, placement, clip: clip, opaque: opaque)
        target.draw(source, placement, clip: clip, opaque: opaque)
        #expect(target.colors == expected, sourceLocation: sourceLocation)
        let padding = (0..<19).flatMap { y in (120..<128).map { target.bytes[y * 128 + $0] } }
        #expect(padding.allSatisfy { $0 == 0xa5 }, "between rows", sourceLocation: sourceLocation)
    }

    @Test(arguments: [PixelFormat.xrgb8888, .argb8888], [0, 1, 4, 7])
    func imagesAreDrawnWhereTheyAreSaidToBe(format: PixelFormat, padding: Int) {
        var random = Random(4)
        let source = Image(13, 9, format, padding: padding, &random)
        for origin in [
            Point(x: 0, y: 0), Point(x: 5, y: 3), Point(x: -4, y: -6), Point(x: 25, y: 15), Point(x: 40, y: 0),
        ] {
            check(source, Placement(destination: Rectangle(origin: origin, size: source.layout.size)))
        }
    }

    @Test(arguments: [PixelFormat.xrgb8888, .argb8888])
    func nothingOutsideOfTheClipIsTouched(format: PixelFormat) {
        var random = Random(5)
        let source = Image(20, 15, format, padding: 3, &random)
        var clip = Region(Rectangle(x: 3, y: 2, width: 5, height: 6))
        clip.formUnion(Rectangle(x: 12, y: 5, width: 30, height: 1))
        for orientation in [Orientation.normal, .rotated180] {
            let placement = Placement(
                destination: Rectangle(x: 2, y: 3, width: 20, height: 15),
                orientation: orientation
            )
            check(source, placement, clip: clip)
            check(source, placement, clip: Region())
        }
    }

    @Test func whatIsKnownToBeOpaqueIsCopied() {
        var random = Random(6)
        let source = Image(20, 15, .argb8888, padding: 0, &random)
        check(
            source,
            Placement(destination: Rectangle(x: 2, y: 3, width: 20, height: 15)),
            opaque: Region(Rectangle(x: 4, y: 4, width: 7, height: 50))
        )
    }

    @Test(arguments: Orientation.allCases, [1, 2, 3])
    func turnedAndEnlargedImagesAreExact(orientation: Orientation, scale: Int) {
        var random = Random(7)
        for (format, padding) in [(PixelFormat.xrgb8888, 0), (.argb8888, 0), (.argb8888, 5)] {
            let source = Image(7, 5, format, padding: padding, &random)
            let upright = orientation.apply(to: source.layout.size)
            let destination = Rectangle(x: 3, y: -2, width: upright.width * scale, height: upright.height * scale)
            check(source, Placement(destination: destination, orientation: orientation))
        }
    }

    @Test(arguments: Orientation.allCases)
    func aPartOfATurnedImageIsExact(orientation: Orientation) {
        var random = Random(8)
        let source = Image(9, 8, .argb8888, padding: 0, &random)
        check(
            source,
            Placement(
                destination: Rectangle(x: 4, y: 1, width: 8, height: 6),
                orientation: orientation,
                crop: .init(x: 1, y: 2, width: 4, height: 3)
            )
        )
    }

    @Test func aFillCoversItsRegion() {
        var random = Random(10)
        var target = Image(30, 20, .xrgb8888, padding: 8, &random)
        var region = Region(Rectangle(x: -3, y: -3, width: 9, height: 9))
        region.formUnion(Rectangle(x: 28, y: 10, width: 50, height: 50))
        let expected = (0..<20).flatMap { y in
            (0..<30).map { x in region.contains(Point(x: x, y: y)) ? 0x12_3456 : target[x, y] & 0xff_ffff }
        }
        let layout = target.layout
        var span = target.bytes.mutableSpan
        var bytes = unsafe span.mutableBytes
        Painter.fill(&bytes, layout, color: 0x12_3456, region: region)
        #expect(target.colors == expected)
    }

    @Test func layoutsThatCantBeAreNone() {
        func layout(_ width: Int, _ height: Int, _ stride: Int) -> PixelLayout? {
            PixelLayout(size: Size(width: width, height: height), stride: stride, format: .argb8888)
        }
        #expect(layout(10, 10, 39) == nil && layout(0, 1, 4) == nil && layout(1, -1, 4) == nil)
        #expect(layout(.max, 1, .max) == nil && layout(1, .max, 8) == nil && layout(1, 1, -4) == nil)
        #expect(layout(10, 3, 50)?.byteCount == 140)
    }

    @Test func memorySmallerThanItsLayoutTraps() async {
        await #expect(processExitsWith: .failure) {
            let layout = PixelLayout(size: Size(width: 10, height: 10), stride: 40, format: .xrgb8888)!
            var bytes = [UInt8](repeating: 0, count: 399)
            var span = bytes.mutableSpan
            var target = unsafe span.mutableBytes
            Painter.fill(&target, layout, color: 0, region: Region())
        }
    }
}
