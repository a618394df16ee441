import Glibc
import Pixels
import Testing

/// All formats, against pixels that the test decodes one by one; see ``Channels/decode(_:)`` for how they are rounded.
@Suite struct FormatTests {
    static let formats = Channels.comments.map(\.key)

    /// pixman blends ten-bit channels as floating-point numbers and rounds once, the test rounds twice. Everything else
    /// is equal.
    private func tolerance(_ format: PixelFormat) -> Int { Channels(format).alphaBits == 2 ? 1 : 0 }

    /// Draws `source` over random pixels, and compares.
    private func expectPixels(
        _ source: Image,
        _ placement: Placement,
        opaque: Region = Region(),
        from numbers: inout Numbers,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let target = Image(30, 24, .xrgb8888, from: &numbers)
        let clip = Region(Rectangle(x: 1, y: 0, width: 27, height: 23))
            .subtracting(Region(Rectangle(x: 9, y: 5, width: 2, height: 3)))
        let expected = target.expected(source, placement, clip: clip, opaque: opaque)
        var image = target
        image.draw(source, placement, clip: clip, opaque: opaque)
        let difference = image.visible.difference(from: expected.visible)
        #expect(difference <= tolerance(source.layout.format), sourceLocation: sourceLocation)
    }

    @Test func namesAndCodesAreDRMs() {
        let codes = Self.formats.map { format in
            String(decoding: (0..<4).map { UInt8(format.fourcc >> ($0 * 8) & 0xff) }, as: UTF8.self) + " \(format)"
        }
        #expect(
            codes == [
                "XR24 XRGB8888", "AR24 ARGB8888", "XB24 XBGR8888", "AB24 ABGR8888", "RG16 RGB565", "BG16 BGR565",
                "RG24 RGB888", "BG24 BGR888", "XR30 XRGB2101010", "AR30 ARGB2101010", "XB30 XBGR2101010",
                "AB30 ABGR2101010",
            ]
        )
    }

    @Test(arguments: formats)
    func sizesAndAlphaAreWhatTheChannelsSay(format: PixelFormat) {
        let channels = Channels(format)
        #expect(format.bytesPerPixel * 8 == channels.bits)
        #expect(format.hasAlpha == (channels.alphaBits > 0))
    }

    @Test func theTestDecodesAsItSays() {
        #expect(Channels(.abgr8888).decode(0x8011_2233) == 0x8033_2211)
        #expect(Channels(.rgb565).decode(0b10000_100000_00001) == 0xff84_8208)
        #expect(Channels(.bgr565).decode(0b11111_000000_00000) == 0xff00_00ff)
        #expect(Channels(.bgr888).decode(0x11_2233) == 0xff33_2211)
        #expect(Channels(.argb2101010).decode(0x8000_0000 | 1023 << 20 | 7 << 10) == 0xaaff_0100)
        #expect(Channels(.xbgr2101010).decode(0x4000_0000 | 1023 << 20 | 4) == 0xff01_00ff)
    }

    /// Ten bits, repeated from the lowest bit up, come by every value in each channel. Alpha doesn't matter to copies.
    @Test(arguments: formats)
    func everyValueOfAChannelIsDecoded(format: PixelFormat) {
        var numbers = Numbers(seed: 1)
        var source = Image(64, 16, format, from: &numbers)
        let bounds = source.layout.size.bounds
        for pixel in bounds.pixels {
            source[pixel] = UInt32(pixel.y * 64 + pixel.x) &* (1 | 1 << 10 | 1 << 20 | 1 << 30)
        }
        let all = Region(bounds)
        var image = Image(64, 16, .xrgb8888, from: &numbers)
        let expected = image.expected(source, Placement(destination: bounds), clip: all, opaque: all)
        image.draw(source, Placement(destination: bounds), clip: all, opaque: all)
        #expect(image.visible == expected.visible)
    }

    @Test(arguments: formats)
    func unscaledPixelsAreDrawnAtAnyWidthAndAddress(format: PixelFormat) {
        var numbers = Numbers(seed: 2)
        for width in 1...21 {
            for start in 0..<4 {
                let source = Image(width, 7, format, padding: width % 5, start: start, from: &numbers)
                let corner = Point(x: numbers.number(in: -3...10), y: numbers.number(in: -3...20))
                let placement = Placement(destination: Rectangle(origin: corner, size: source.layout.size))
                expectPixels(source, placement, from: &numbers)
            }
        }
    }

    @Test(arguments: formats, Orientation.allCases)
    func turnedEnlargedAndCroppedPixelsAreSquares(format: PixelFormat, orientation: Orientation) {
        var numbers = Numbers(seed: 3)
        for index in 0..<4 {
            let source = Image(12 + index % 3, 8, format, padding: index, start: index, from: &numbers)
            let upright = orientation.inverse.apply(to: source.layout.size)
            let part = Rectangle(x: index, y: 2, width: upright.width - 4, height: upright.height - 3)
            let shown = index % 2 == 0 ? upright.bounds : part
            let scale = 1 + index / 2
            let placement = Placement(
                destination: Rectangle(x: -2, y: 3, width: shown.width * scale, height: shown.height * scale),
                orientation: orientation,
                crop: index % 2 == 0 ? nil : Placement.Crop(part)
            )
            expectPixels(source, placement, from: &numbers)
        }
    }

    /// A client may promise what isn't true; its colours are copied then, and nothing shines through.
    @Test(arguments: formats, [1, 2])
    func whatIsSaidToBeOpaqueIsCopied(format: PixelFormat, scale: Int) {
        var numbers = Numbers(seed: 4)
        let source = Image(13, 9, format, from: &numbers)
        let destination = Rectangle(x: 3, y: 2, width: 13 * scale, height: 9 * scale)
        let opaque = Region(Rectangle(x: 0, y: 4, width: 11, height: 7))
        expectPixels(source, Placement(destination: destination), opaque: opaque, from: &numbers)
        // Copies are equal even where blending is not.
        var image = Image(30, 24, .xrgb8888, from: &numbers)
        let clip = Region(destination)
        let expected = image.expected(source, Placement(destination: destination), clip: clip, opaque: clip)
        image.draw(source, Placement(destination: destination), clip: clip, opaque: clip)
        #expect(image.visible == expected.visible)
    }

    @Test(arguments: formats, Orientation.allCases)
    func oneColorStaysThatColorWhenItIsInterpolated(format: PixelFormat, orientation: Orientation) {
        var numbers = Numbers(seed: 5)
        var source = Image(6, 4, format, from: &numbers)
        for color: UInt32 in [0xffff_ffff, 0xffca_5317] {
            for pixel in source.layout.size.bounds.pixels { source[pixel] = color }
            var image = Image(20, 20, .xrgb8888, from: &numbers)
            let placement = Placement(
                destination: Rectangle(x: 2, y: 3, width: 11, height: 13),
                orientation: orientation
            )
            var expected = image
            for pixel in placement.destination.pixels { expected[pixel] = Channels(format).decode(color) }
            image.draw(source, placement, clip: Region(image.layout.size.bounds))
            #expect(image.visible == expected.visible)
        }
    }

    /// pixman's limit for images is 15 bits.
    @Test(arguments: formats)
    func unscaledImagesMayBeOfAnySize(format: PixelFormat) {
        var numbers = Numbers(seed: 6)
        for (width, height) in [(33_000, 2), (2, 33_000)] {
            let source = Image(width, height, format, from: &numbers)
            let corner = Point(x: 25 - width, y: 20 - height)
            let placement = Placement(destination: Rectangle(origin: corner, size: source.layout.size))
            expectPixels(source, placement, from: &numbers)
        }
    }

    /// Clients' files are mapped, and what follows may not be there: reading it would be the end of the test.
    @Test(arguments: formats, [1, 1.5, 2, 3])
    func nothingAroundTheImageIsRead(format: PixelFormat, scale: Double) {
        let page = sysconf(CInt(_SC_PAGESIZE))
        let memory = unsafe mmap(nil, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        defer { unsafe munmap(memory, 3 * page) }
        unsafe mprotect(memory + page, page, PROT_READ)
        let target = PixelLayout(size: Size(width: 120, height: 120), stride: 480, format: .xrgb8888)!
        var pixels = [UInt8](repeating: 0xff, count: target.byteCount)
        for (width, padding) in (1...40).flatMap({ width in (0..<4).map { (width, $0) } }) {
            let size = Size(width: width, height: 3)
            let layout = PixelLayout(size: size, stride: width * format.bytesPerPixel + padding, format: format)!
            for (orientation, isFirst) in Orientation.allCases.flatMap({ [($0, true), ($0, false)] }) {
                let start = isFirst ? page : 2 * page - layout.byteCount
                let source = unsafe UnsafeRawBufferPointer(start: memory + start, count: layout.byteCount)
                let shown = orientation.apply(to: size)
                let destination = Rectangle(
                    x: 0,
                    y: 0,
                    width: Int(Double(shown.width) * scale),
                    height: Int(Double(shown.height) * scale)
                )
                var span = pixels.mutableSpan
                var bytes = unsafe span.mutableBytes
                unsafe Painter.draw(
                    source.bytes,
                    layout,
                    onto: &bytes,
                    target,
                    placement: Placement(destination: destination, orientation: orientation),
                    clip: Region(destination)
                )
            }
        }
        #expect(pixels[0] == (format.hasAlpha ? 0xff : 0))
    }
}
