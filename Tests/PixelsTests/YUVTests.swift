import CPixelKernels
import Glibc
import Pixels
import Testing

/// Luma and chroma, against colours that the test computes with floating-point numbers.
@Suite struct YUVTests {
    /// How far a channel may be from its exact value: half a step is lost by rounding, and a little to factors of 16
    /// bits.
    private let tolerance = 0.55

    /// Whether a pixel has nearly this colour.
    private func isClose(_ pixel: UInt32, _ color: [Double]) -> Bool {
        zip([16, 8, 0], color).allSatisfy { abs(Double(pixel >> $0 & 0xff) - $1) < tolerance }
    }

    // MARK: Formats and layouts

    @Test func namesAndCodesAreDRMs() {
        let codes = YUVImage.formats.map { format in
            let letters = (0..<4).map { UInt8(format.fourcc >> ($0 * 8) & 0xff) }
            return String(decoding: letters, as: UTF8.self) + " \(format) \(format.planeCount)"
        }
        #expect(codes == ["YUYV YUYV 1", "UYVY UYVY 1", "NV12 NV12 2", "NV16 NV16 2", "YU12 YUV420 3"])
    }

    @Test func rowsAndTheirBytesAreRoundedUp() {
        let size = Size(width: 5, height: 3)
        let planes = YUVImage.formats.map { format in
            (0..<format.planeCount).map { [format.rowBytes(plane: $0, in: size), format.rows(plane: $0, in: size)] }
        }
        #expect(
            planes == [[[12, 3]], [[12, 3]], [[5, 3], [6, 2]], [[5, 3], [6, 3]], [[5, 3], [3, 2], [3, 2]]]
        )
    }

    @Test func rowsOfPixelsHaveTheirChromaAlone() {
        let rows = [YUVFormat.nv16, .nv12, .yuv420].map { format in
            [0..<1, 1..<2, 1..<3, 2..<4, 0..<7].map { format.rows(plane: format.planeCount - 1, ofPixels: $0) }
        }
        let halves = [0..<1, 0..<1, 0..<2, 1..<2, 0..<4]
        #expect(rows == [[0..<1, 1..<2, 1..<3, 2..<4, 0..<7], halves, halves])
        #expect(YUVFormat.nv12.rows(plane: 0, ofPixels: 1..<3) == 1..<3)
        #expect(YUVFormat.nv12.rows(plane: 1, ofPixels: 0..<Int.max) == 0..<Int.max / 2 + 1)
    }

    @Test(arguments: YUVImage.formats)
    func noSizeIsTooMuchToAskFor(format: YUVFormat) {
        for plane in 0..<format.planeCount {
            for edge in [Int.min, Int(Int32.min), -1, 0] {
                let size = Size(width: edge, height: edge)
                #expect(format.rowBytes(plane: plane, in: size) == 0 && format.rows(plane: plane, in: size) == 0)
            }
            for edge in [Int(Int32.max), Int.max] {
                let size = Size(width: edge, height: edge)
                #expect(format.rowBytes(plane: plane, in: size) >= edge / 2 && format.rows(plane: plane, in: size) > 0)
            }
        }
    }

    @Test func layoutsHoldWhatTheirRowsNeed() throws {
        func layout(_ width: Int, _ height: Int, _ strides: [Int], _ format: YUVFormat) -> YUVLayout? {
            YUVLayout(size: Size(width: width, height: height), strides: strides, format: format, matrix: .bt601)
        }
        // Empty.
        #expect(layout(0, 1, [4], .yuyv) == nil && layout(1, 0, [4], .yuyv) == nil && layout(-1, -1, [4], .uyvy) == nil)
        // Too few strides, or too many.
        #expect(layout(2, 2, [], .yuyv) == nil && layout(2, 2, [4, 4], .uyvy) == nil)
        #expect(layout(2, 2, [4], .nv12) == nil && layout(2, 2, [4, 4], .yuv420) == nil)
        // Too short.
        #expect(layout(3, 1, [7], .yuyv) == nil && layout(3, 1, [7], .uyvy) == nil && layout(2, 1, [-4], .yuyv) == nil)
        #expect(layout(3, 1, [2, 4], .nv12) == nil && layout(3, 1, [3, 3], .nv12) == nil)
        #expect(layout(3, 1, [3, 3], .nv16) == nil)
        #expect(layout(3, 1, [3, 1, 2], .yuv420) == nil && layout(3, 1, [3, 2, 1], .yuv420) == nil)
        // Beyond 64 bits.
        #expect(layout(.max, 1, [.max], .yuyv) == nil && layout(1, .max, [4], .yuyv) == nil)
        #expect(layout(1, .max, [1, 4], .nv12) == nil && layout(1, .max, [1, 1, 4], .yuv420) == nil)

        func counts(_ layout: YUVLayout?) throws -> [Int] {
            let layout = try #require(layout)
            return (0..<layout.format.planeCount).map { layout.byteCount(plane: $0) }
        }
        #expect(try counts(layout(3, 3, [8], .yuyv)) == [24] && counts(layout(3, 3, [9], .uyvy)) == [26])
        #expect(try counts(layout(3, 3, [5, 6], .nv12)) == [13, 10])
        #expect(try counts(layout(3, 3, [5, 6], .nv16)) == [13, 16])
        #expect(try counts(layout(3, 3, [5, 6, 7], .yuv420)) == [13, 8, 9])
        let nv12 = try #require(layout(3, 5, [5, 6], .nv12))
        #expect(
            [nv12.rowBytes(plane: 0), nv12.rowBytes(plane: 1), nv12.rows(plane: 0), nv12.rows(plane: 1)] == [
                3, 4, 5, 3,
            ]
        )
    }

    @Test func largePicturesAreBT709() {
        let sizes = [(720, 576), (1279, 576), (1280, 2), (2, 577), (1920, 1080)]
        let matrices = sizes.map { ColorMatrix(defaultFor: Size(width: $0.0, height: $0.1)) }
        #expect(matrices == [.bt601, .bt601, .bt709, .bt709, .bt709])
    }

    // MARK: Colours

    @Test(arguments: YUVImage.formats, ColorMatrix.allCases)
    func blackAndWhiteAreExact(format: YUVFormat, matrix: ColorMatrix) {
        var numbers = Numbers(seed: 1)
        var source = YUVImage(37, 4, format, matrix, from: &numbers)
        var image = Image(37, 4, .xrgb8888, from: &numbers)
        let bounds = image.layout.size.bounds
        for (luma, color) in [(16, 0x00_0000), (235, 0xff_ffff)] as [(UInt8, UInt32)] {
            for pixel in bounds.pixels { source[pixel] = [luma, 128, 128] }
            image.draw(source, Placement(destination: bounds), clip: Region(bounds))
            #expect(bounds.pixels.allSatisfy { image[$0] & 0xff_ffff == color })
        }
    }

    /// Every luma with every fifteenth of each chroma, and what is beyond black, white and the ends of chroma.
    @Test(arguments: ColorMatrix.allCases)
    func colorsAreRoundedToNearestAndClamped(matrix: ColorMatrix) {
        var numbers = Numbers(seed: 2)
        let levels = [UInt8](stride(from: 0, through: 255, by: 15))
        var source = YUVImage(512, levels.count * levels.count, .nv16, matrix, from: &numbers)
        var image = Image(512, source.layout.size.height, .xrgb8888, from: &numbers)
        let bounds = image.layout.size.bounds
        for pixel in bounds.pixels where pixel.x % 2 == 0 {
            let (u, v) = (levels[pixel.y % levels.count], levels[pixel.y / levels.count])
            source[pixel] = [UInt8(pixel.x / 2), u, v]
        }
        image.draw(source, Placement(destination: bounds), clip: Region(bounds))
        for pixel in bounds.pixels where pixel.x % 2 == 0 && !isClose(image[pixel], source.color(pixel)) {
            Issue.record("\(source[pixel]) became \(String(image[pixel], radix: 16))")
        }
    }

    /// Any steps, also those that no format has, from any pixel on.
    @Test(arguments: 1...67)
    func kernelsAgreeAtAnyWidthAndAddress(width: Int) {
        var numbers = Numbers(seed: UInt64(width))
        let bytes = (0..<8 * width + 64).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        var coefficients = signet_yuv_coefficients(
            luma: 9539,
            red_of_v: 13075,
            green_of_u: -3209,
            green_of_v: -6660,
            blue_of_u: 16525
        )
        for (step, chromaStep) in [(1, 1), (1, 2), (2, 4), (3, 5)] {
            for first in 0..<4 {
                let rows = [false, true].map { portable in
                    var row = [UInt8](repeating: 0x55, count: 4 * width + 2)
                    unsafe row.withUnsafeMutableBytes { row in
                        unsafe bytes.withUnsafeBufferPointer { bytes in
                            let (target, from) = unsafe (row.baseAddress! + 1, bytes.baseAddress! + first)
                            let kernel = unsafe portable ? signet_yuv_row_portable : signet_yuv_row
                            unsafe kernel(
                                target,
                                from,
                                step,
                                from + 1,
                                from + 3,
                                chromaStep,
                                first,
                                width,
                                &coefficients
                            )
                        }
                    }
                    return row
                }
                #expect(rows[0] == rows[1])
                #expect(rows[0].first == 0x55 && rows[0].last == 0x55)
                for index in 0..<width {
                    let luma = bytes[first + (first + index) * step]
                    let chroma = first + (first + index) / 2 * chromaStep
                    let color = ColorMatrix.bt601.color([luma, bytes[chroma + 1], bytes[chroma + 3]])
                    let place = 1 + 4 * index
                    let pixel = rows[0][place..<place + 3].reversed().reduce(0) { $0 << 8 | UInt32($1) }
                    #expect(isClose(pixel, color))
                }
            }
        }
    }

    // MARK: Painting

    /// Draws an unscaled source, and expects its colours where the clip is and nothing new anywhere else.
    private func expectPixels(
        _ source: YUVImage,
        at corner: Point,
        in target: Image,
        clip: Region,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let destination = Rectangle(origin: corner, size: source.layout.size)
        var image = target
        image.draw(source, Placement(destination: destination), clip: clip)
        var rest = image
        for pixel in destination.intersection(target.layout.size.bounds).pixels where clip.contains(pixel) {
            let color = source.color(Point(x: pixel.x - corner.x, y: pixel.y - corner.y))
            #expect(isClose(image[pixel], color), sourceLocation: sourceLocation)
            rest[pixel] = target[pixel]
        }
        #expect(rest == target, sourceLocation: sourceLocation)
    }

    @Test(arguments: YUVImage.formats, ColorMatrix.allCases)
    func pixelsAreDrawnAtAnySizeAndPlace(format: YUVFormat, matrix: ColorMatrix) {
        var numbers = Numbers(seed: 3)
        for width in 1...20 {
            for height in 1...3 {
                let source = YUVImage(width, height, format, matrix, padding: (width + height) % 4, from: &numbers)
                let target = Image(24, 6, .xrgb8888, padding: width % 6, start: width % 4, from: &numbers)
                let corner = Point(x: numbers.number(in: -3...8), y: numbers.number(in: -1...4))
                expectPixels(source, at: corner, in: target, clip: Region(target.layout.size.bounds))
            }
        }
    }

    @Test(arguments: YUVImage.formats, ColorMatrix.allCases)
    func nothingOutsideOfTheClipAndTheTargetIsTouched(format: YUVFormat, matrix: ColorMatrix) {
        var numbers = Numbers(seed: 4)
        for _ in 0..<30 {
            let (width, height) = (numbers.number(in: 1...30), numbers.number(in: 1...12))
            let source = YUVImage(width, height, format, matrix, padding: width % 3, from: &numbers)
            let target = Image(24, 10, .xrgb8888, padding: 4, from: &numbers)
            let corner = Point(x: numbers.number(in: -20...24), y: numbers.number(in: -10...10))
            let clip = numbers.region(in: target.layout.size, rectangles: 1...6)
            expectPixels(source, at: corner, in: target, clip: clip)
        }
    }

    @Test(arguments: YUVImage.formats)
    func unscaledImagesMayBeOfAnySize(format: YUVFormat) {
        var numbers = Numbers(seed: 5)
        for (width, height) in [(33_001, 2), (2, 33_001)] {
            let source = YUVImage(width, height, format, .bt709, from: &numbers)
            let target = Image(30, 24, .xrgb8888, from: &numbers)
            let corner = Point(x: 25 - width, y: 20 - height)
            expectPixels(source, at: corner, in: target, clip: Region(target.layout.size.bounds))
        }
    }

    /// As the same colours in XRGB8888 are: enlarged evenly or not, made smaller, and cropped between pixels.
    @Test(arguments: YUVImage.formats, Orientation.allCases)
    func turnedAndScaledPixelsAreThoseOfTheConvertedImage(format: YUVFormat, orientation: Orientation) {
        var numbers = Numbers(seed: 6)
        for (index, matrix) in (ColorMatrix.allCases + ColorMatrix.allCases).enumerated() {
            let source = YUVImage(17 + index, 14 - index, format, matrix, padding: index, from: &numbers)
            let converted = source.converted()
            let upright = orientation.inverse.apply(to: source.layout.size)
            let crops: [Placement.Crop?] = [
                nil, Placement.Crop(upright.bounds), Placement.Crop(x: 3.25, y: 2, width: 5.5, height: 4.75),
            ]
            let sizes = [
                upright, Size(width: 2 * upright.width, height: 2 * upright.height), Size(width: 23, height: 9),
            ]
            for (crop, size) in crops.flatMap({ crop in sizes.map { (crop, $0) } }) {
                let placement = Placement(
                    destination: Rectangle(origin: Point(x: -2, y: 3), size: size),
                    orientation: orientation,
                    crop: crop
                )
                let target = Image(30, 24, .xrgb8888, padding: 4, from: &numbers)
                let clip = numbers.region(in: target.layout.size, rectangles: 3...8)
                var (image, expected) = (target, target)
                image.draw(source, placement, clip: clip)
                expected.draw(converted, placement, clip: clip)
                #expect(image.visible.difference(from: expected.visible) <= 1)
                let outside = target.layout.size.bounds.pixels.filter { !clip.contains($0) }
                #expect(outside.allSatisfy { image[$0] == target[$0] })
            }
        }
    }

    /// Large images are converted in parts, and no seam is to be seen.
    @Test(arguments: [Orientation.normal, .rotated90, .flipped180])
    func partsOfLargeImagesFitTogether(orientation: Orientation) {
        var numbers = Numbers(seed: 7)
        let source = YUVImage(901, 703, .nv12, .bt709, from: &numbers)
        var converted = Image(901, 703, .xrgb8888, from: &numbers)
        let bounds = source.layout.size.bounds
        converted.draw(source, Placement(destination: bounds), clip: Region(bounds))
        let crop = Placement.Crop(x: 1.5, y: 0.25, width: 690, height: 700)
        for (width, height, crop) in [(90, 70, nil), (67, 95, crop), (7, 1, nil)] as [(Int, Int, Placement.Crop?)] {
            let destination = Rectangle(x: -3, y: 2, width: width, height: height)
            let placement = Placement(destination: destination, orientation: orientation, crop: crop)
            var image = Image(100, 100, .xrgb8888, from: &numbers)
            var expected = image
            let clip = Region(image.layout.size.bounds).subtracting(
                Region(Rectangle(x: 20, y: 1, width: 5, height: 60))
            )
            image.draw(source, placement, clip: clip)
            expected.draw(converted, placement, clip: clip)
            #expect(image.visible == expected.visible)
        }
    }

    /// The picture's edge goes on, as it does with other formats.
    @Test func cropsBeyondTheImageShowItsEdge() {
        var numbers = Numbers(seed: 8)
        let source = YUVImage(9, 7, .yuyv, .bt601, from: &numbers)
        for (x, y) in [(-30, 0), (30, 0), (0, -30), (0, 30), (1 << 20, 1 << 20)] {
            let crop = Placement.Crop(x: Double(x), y: Double(y), width: 5, height: 4)
            var image = Image(10, 8, .xrgb8888, from: &numbers)
            let placement = Placement(destination: image.layout.size.bounds, crop: crop)
            let corner = Point(x: x > 0 ? 8 : x < 0 ? 0 : 2, y: y > 0 ? 6 : y < 0 ? 0 : 2)
            image.draw(source, placement, clip: Region(image.layout.size.bounds))
            // What is too far away for pixman isn't drawn.
            guard abs(x) < 100 else { continue }
            let pixel = Point(x: x == 0 ? 4 : 5, y: y == 0 ? 4 : 5)
            #expect(isClose(image[pixel], source.color(corner)))
        }
    }

    // MARK: Memory

    /// Clients' files are mapped, and what follows may not be there: reading it would be the end of the test.
    @Test(arguments: YUVImage.formats, [1, 1.5, 2])
    func nothingAroundThePlanesIsRead(format: YUVFormat, scale: Double) {
        let page = sysconf(CInt(_SC_PAGESIZE))
        let memory = unsafe mmap(nil, 7 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        defer { unsafe munmap(memory, 7 * page) }
        for plane in 0..<3 { unsafe mprotect(memory + (2 * plane + 1) * page, page, PROT_READ) }
        let target = PixelLayout(size: Size(width: 140, height: 10), stride: 560, format: .xrgb8888)!
        var pixels = [UInt8](repeating: 0xff, count: target.byteCount)
        for (width, padding) in (1...70).flatMap({ width in (0..<3).map { (width, $0) } }) {
            let size = Size(width: width, height: 3)
            let strides = (0..<format.planeCount).map { format.rowBytes(plane: $0, in: size) + padding }
            let layout = YUVLayout(size: size, strides: strides, format: format, matrix: .bt601)!
            let destination = Rectangle(x: 0, y: 0, width: Int(Double(width) * scale), height: Int(3 * scale))
            for isFirst in [true, false] {
                let planes = unsafe (0..<3).map { plane in
                    let count = plane < format.planeCount ? layout.byteCount(plane: plane) : 0
                    let start = unsafe memory + (2 * plane + 1) * page + (isFirst ? 0 : page - count)
                    return unsafe UnsafeRawBufferPointer(start: start, count: count)
                }
                var span = pixels.mutableSpan
                var bytes = unsafe span.mutableBytes
                unsafe Painter.draw(
                    planes[0].bytes,
                    second: planes[1].bytes,
                    third: planes[2].bytes,
                    layout,
                    onto: &bytes,
                    target,
                    placement: Placement(destination: destination),
                    clip: Region(destination)
                )
            }
        }
        // Zeros are green.
        #expect(pixels[..<3] == [0, 136, 0])
    }

    @Test func memorySmallerThanItsLayoutTraps() async {
        await #expect(processExitsWith: .failure) {
            var numbers = Numbers(seed: 9)
            let source = YUVImage(2, 2, .nv12, .bt601, missing: 1, from: &numbers)
            var image = Image(2, 2, .xrgb8888, from: &numbers)
            image.draw(source, Placement(destination: image.layout.size.bounds), clip: Region())
        }
        await #expect(processExitsWith: .failure) {
            var numbers = Numbers(seed: 9)
            let source = YUVImage(2, 2, .nv12, .bt601, from: &numbers)
            var image = Image(2, 2, .xrgb8888, missing: 1, from: &numbers)
            image.draw(source, Placement(destination: image.layout.size.bounds), clip: Region())
        }
    }
}
