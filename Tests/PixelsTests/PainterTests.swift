import CPixelKernels
import Pixels
import Testing

/// Both painters, against a picture that the test computes pixel by pixel.
@Suite struct PainterTests {
    private let formats: [PixelFormat] = [.xrgb8888, .argb8888]

    // MARK: Kernels

    private func row(_ source: [UInt32], over target: [UInt32], start: Int = 0, portable: Bool) -> [UInt32] {
        let bytes = source.count * 4
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: start + 2 * bytes, alignment: 32)
        defer { unsafe memory.deallocate() }
        let to = unsafe memory.baseAddress! + start
        unsafe to.copyMemory(from: target, byteCount: bytes)
        unsafe (to + bytes).copyMemory(from: source, byteCount: bytes)
        let kernel = unsafe portable ? signet_over_row_portable : signet_over_row
        unsafe kernel(to, to + bytes, source.count, 0)
        return source.indices.map { unsafe to.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
    }

    @Test func everyPairOfAlphaAndColorIsRoundedToNearest() {
        for alpha: UInt32 in 0...255 {
            let source = [UInt32](repeating: alpha << 24 | 0x01_0203, count: 256)
            let target = (0..<256).map { UInt32($0) * 0x0101_0101 }
            let expected = zip(source, target).map(blend)
            #expect(row(source, over: target, portable: false) == expected)
            #expect(row(source, over: target, portable: true) == expected)
        }
    }

    @Test(arguments: 1...67)
    func kernelsAgreeAtAnyWidthAndAddress(width: Int) {
        var numbers = Numbers(seed: UInt64(width))
        for start in 0..<4 {
            let target = (0..<width).map { _ in UInt32(truncatingIfNeeded: numbers.next()) }
            let premultiplied = (0..<width).map { _ in numbers.pixel() }
            let arbitrary = (0..<width).map { _ in UInt32(truncatingIfNeeded: numbers.next()) }
            let even = (0..<width).map { [0, 0xff12_3456, 0x8012_3456][$0 / 8 % 3] as UInt32 }
            for source in [premultiplied, arbitrary, even] {
                let expected = zip(source, target).map(blend)
                #expect(row(source, over: target, start: start, portable: false) == expected)
                #expect(row(source, over: target, start: start, portable: true) == expected)
            }
        }
    }

    // MARK: Painters

    /// Draws an unscaled source with either painter: a crop that shows everything changes only which one it is.
    private func expectPixels(_ source: Image, at corner: Point, in target: Image, clip: Region) {
        let size = source.layout.size
        var placement = Placement(destination: Rectangle(origin: corner, size: size))
        let expected = target.expected(source, placement, clip: clip)
        for crop in [nil, Placement.Crop(size.bounds)] {
            placement.crop = crop
            var image = target
            image.draw(source, placement, clip: clip)
            #expect(image.visible == expected.visible)
        }
    }

    @Test func rowsMayLieAnywhereInTheTarget() {
        var numbers = Numbers(seed: 1)
        for width in 1...67 {
            let source = Image(width, 5, .argb8888, from: &numbers)
            var image = Image(width, 5, .xrgb8888, padding: width % 6, start: width % 4, from: &numbers)
            let region = numbers.region(in: image.layout.size, rectangles: 0...4)
            var expected = image
            for pixel in image.layout.size.bounds.pixels where region.contains(pixel) { expected[pixel] = 0x12_3456 }
            image.fill(0x12_3456, region)
            #expect(image.visible == expected.visible)
            let placement = Placement(destination: source.layout.size.bounds)
            expected = image.expected(source, placement, clip: region)
            image.draw(source, placement, clip: region)
            #expect(image.visible == expected.visible)
        }
    }

    @Test(arguments: 1...67)
    func bothPaintersDrawTheSamePixels(width: Int) {
        var numbers = Numbers(seed: UInt64(width))
        for format in formats {
            let source = Image(width, 4, format, padding: width % 7, start: width % 4, from: &numbers)
            let target = Image(width + 3, 6, .xrgb8888, padding: 8, from: &numbers)
            expectPixels(source, at: Point(x: 1, y: 1), in: target, clip: Region(target.layout.size.bounds))
        }
    }

    @Test func nothingOutsideOfTheClipAndTheTargetIsTouched() {
        var numbers = Numbers(seed: 3)
        for index in 0..<200 {
            let (width, height) = (numbers.number(in: 1...30), numbers.number(in: 1...12))
            let source = Image(width, height, formats[index % 2], from: &numbers)
            let target = Image(24, 10, .xrgb8888, padding: 4, from: &numbers)
            let corner = Point(x: numbers.number(in: -20...24), y: numbers.number(in: -10...10))
            let clip = numbers.region(in: target.layout.size, rectangles: 1...6)
            expectPixels(source, at: corner, in: target, clip: clip)
        }
    }

    @Test func whatIsSaidToBeOpaqueIsCopied() {
        var numbers = Numbers(seed: 4)
        let source = Image(21, 9, .argb8888, from: &numbers)
        let target = Image(21, 9, .xrgb8888, from: &numbers)
        let (bounds, opaque) = (target.layout.size.bounds, Region(Rectangle(x: 3, y: -2, width: 11, height: 7)))
        let placement = Placement(destination: bounds)
        var image = target
        image.draw(source, placement, clip: Region(bounds), opaque: opaque)
        var expected = target.expected(source, placement, clip: Region(bounds))
        for pixel in bounds.pixels where opaque.contains(pixel) { expected[pixel] = source[pixel] }
        #expect(image.visible == expected.visible)
    }

    @Test(arguments: Orientation.allCases, [1, 2, 3, 5])
    func turnedAndEnlargedPixelsAreSquares(orientation: Orientation, scale: Int) {
        var numbers = Numbers(seed: UInt64(scale))
        for (index, format) in (formats + formats).enumerated() {
            let source = Image(13, 8, format, padding: index, start: index, from: &numbers)
            let upright = orientation.inverse.apply(to: source.layout.size)
            let part = Rectangle(x: index, y: 2, width: upright.width - 4, height: upright.height - 3)
            let shown = index < 2 ? upright.bounds : part
            let placement = Placement(
                destination: Rectangle(x: -2, y: 3, width: shown.width * scale, height: shown.height * scale),
                orientation: orientation,
                crop: index < 2 ? nil : Placement.Crop(part)
            )
            var image = Image(50, 40, .xrgb8888, from: &numbers)
            let clip = Region(Rectangle(x: 1, y: 0, width: 46, height: 38))
            let expected = image.expected(source, placement, clip: clip)
            image.draw(source, placement, clip: clip)
            #expect(image.visible == expected.visible)
        }
    }

    @Test(arguments: Orientation.allCases)
    func interpolationLetsNothingShineThroughAtTheEdges(orientation: Orientation) {
        var numbers = Numbers(seed: 5)
        var source = Image(6, 4, .argb8888, from: &numbers)
        for pixel in source.layout.size.bounds.pixels { source[pixel] = 0xff12_3456 }
        var image = Image(20, 20, .xrgb8888, from: &numbers)
        let destination = Rectangle(x: 2, y: 3, width: 11, height: 13)
        var expected = image
        for pixel in destination.pixels { expected[pixel] = 0xff12_3456 }
        let placement = Placement(destination: destination, orientation: orientation)
        image.draw(source, placement, clip: Region(image.layout.size.bounds))
        #expect(image.visible == expected.visible)
    }

    // MARK: What callers must keep to

    @Test func layoutsHoldWhatTheirRowsNeed() throws {
        func layout(_ width: Int, _ height: Int, _ stride: Int) -> PixelLayout? {
            PixelLayout(size: Size(width: width, height: height), stride: stride, format: .argb8888)
        }
        #expect(layout(0, 1, 4) == nil && layout(1, 0, 4) == nil && layout(-1, -1, 4) == nil)
        #expect(layout(2, 1, 7) == nil && layout(2, 2, -8) == nil)
        #expect(layout(.max, 1, .max) == nil && layout(1, .max, 4) == nil)
        #expect(try #require(layout(2, 3, 9)).byteCount == 26)
    }

    @Test func memorySmallerThanItsLayoutTraps() async {
        await #expect(processExitsWith: .failure) {
            var numbers = Numbers(seed: 6)
            var image = Image(2, 2, .xrgb8888, missing: 1, from: &numbers)
            image.fill(0, Region())
        }
        await #expect(processExitsWith: .failure) {
            var numbers = Numbers(seed: 6)
            let source = Image(2, 2, .xrgb8888, missing: 1, from: &numbers)
            var image = Image(2, 2, .xrgb8888, from: &numbers)
            image.draw(source, Placement(destination: image.layout.size.bounds), clip: Region())
        }
    }
}
