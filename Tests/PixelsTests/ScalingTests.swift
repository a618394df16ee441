import Glibc
import Pixels
import Testing

/// What is scaled and turned, against pixman.
@Suite struct ScalingTests {
    /// Draws the same twice, with pixman too, and says how far both are apart at most.
    private func difference(
        _ source: Image,
        _ placement: Placement,
        in size: Size = Size(width: 48, height: 40),
        clip: Region? = nil,
        from numbers: inout Numbers
    ) -> Int {
        var image = Image(size.width, size.height, .xrgb8888, from: &numbers)
        var expected = image
        let clip = (clip ?? Region(size.bounds)).intersection(placement.destination).intersection(size.bounds)
        image.draw(source, placement, clip: clip)
        expected.drawWithPixman(source, placement, clip: clip)
        return image.visible.difference(from: expected.visible)
    }

    private func source(_ width: Int, _ height: Int, _ format: PixelFormat, from numbers: inout Numbers) -> Image {
        // pixman wants rows at multiples of four bytes.
        let padding = (4 - width * format.bytesPerPixel % 4) % 4
        return Image(width, height, format, padding: padding, from: &numbers)
    }

    /// Any size, turn and part, in any clip.
    @Test(arguments: FormatTests.formats, Orientation.allCases)
    func interpolatedPixelsArePixmans(format: PixelFormat, orientation: Orientation) {
        var numbers = Numbers(seed: 20 + UInt64(orientation.rawValue))
        for round in 0..<30 {
            let source = source(numbers.number(in: 1...60), numbers.number(in: 1...60), format, from: &numbers)
            let upright = orientation.apply(to: source.layout.size)
            let destination = Rectangle(
                x: numbers.number(in: -20...20),
                y: numbers.number(in: -20...20),
                width: numbers.number(in: 1...60),
                height: numbers.number(in: 1...60)
            )
            var placement = Placement(destination: destination, orientation: orientation)
            if round % 2 == 1 {
                let width = Double(numbers.number(in: 1...upright.width * 256)) / 256
                let height = Double(numbers.number(in: 1...upright.height * 256)) / 256
                placement.crop = Placement.Crop(
                    x: ((Double(upright.width) - width) * Double(numbers.number(in: 0...4)) / 4),
                    y: ((Double(upright.height) - height) * Double(numbers.number(in: 0...4)) / 4),
                    width: width,
                    height: height
                )
            }
            let clip = round % 3 == 0 ? numbers.region(in: Size(width: 48, height: 40), rectangles: 1...9) : nil
            let difference = difference(source, placement, clip: clip, from: &numbers)
            // pixman interpolates ten-bit channels as floating-point numbers; weights are 128ths here as elsewhere.
            let tolerance = format.name.contains("2101010") ? 4 : 1
            #expect(difference <= tolerance, "\(source.layout) \(placement)")
        }
    }

    /// What clients do: buffers for other scales than the output's.
    @Test(arguments: [(2, 1), (1, 2), (3, 1), (1, 3), (3, 2), (2, 3), (5, 4), (4, 5), (7, 4), (9, 1), (1, 9)])
    func commonRatiosAreExact(numerator: Int, denominator: Int) {
        var numbers = Numbers(seed: 30)
        for format in [PixelFormat.xrgb8888, .argb8888] {
            for orientation in Orientation.allCases {
                let source = source(20 * denominator, 12 * denominator, format, from: &numbers)
                let upright = orientation.apply(to: Size(width: 20 * numerator, height: 12 * numerator))
                let placement = Placement(
                    destination: Rectangle(x: -5, y: 3, width: upright.width, height: upright.height),
                    orientation: orientation
                )
                let difference = difference(source, placement, in: Size(width: 60, height: 50), from: &numbers)
                #expect(difference == 0, "\(placement)")
            }
        }
    }

    /// Which part of a picture is drawn doesn't change what it looks like.
    @Test(arguments: Orientation.allCases)
    func whatIsDrawnInPartsIsTheSame(orientation: Orientation) {
        var numbers = Numbers(seed: 40)
        for (width, height) in [(50, 40), (80, 64), (57, 33), (330, 270)] {
            let source = source(width, height, .argb8888, from: &numbers)
            let placement = Placement(
                destination: Rectangle(x: 1, y: 2, width: 80, height: 64),
                orientation: orientation
            )
            let background = Image(90, 70, .xrgb8888, from: &numbers)
            var (whole, parts) = (background, background)
            whole.draw(source, placement, clip: Region(whole.layout.size.bounds))
            for y in stride(from: 0, to: 70, by: 7) {
                for x in stride(from: 0, to: 90, by: 13) {
                    parts.draw(source, placement, clip: Region(Rectangle(x: x, y: y, width: 13, height: 7)))
                }
            }
            #expect(whole.visible == parts.visible)
        }
    }

    /// pixman draws nothing of images with more pixels than fit into 15 bits.
    @Test(arguments: Orientation.allCases)
    func imagesAndDestinationsMayBeOfAnySize(orientation: Orientation) {
        var numbers = Numbers(seed: 50)
        let size = Size(width: 40, height: 30)
        for (width, height) in [(40_000, 3), (3, 40_000), (1, 1)] {
            var source = source(width, height, .xrgb8888, from: &numbers)
            for pixel in source.layout.size.bounds.pixels { source[pixel] = 0xff12_3456 }
            for side in [1, 7, 50_000, 1 << 30] {
                let destination = Rectangle(x: -side / 2, y: -side / 3, width: side, height: side)
                var image = Image(size.width, size.height, .xrgb8888, from: &numbers)
                var expected = image
                expected.fill(0x12_3456, Region(destination.intersection(size.bounds)))
                let placement = Placement(destination: destination, orientation: orientation)
                image.draw(source, placement, clip: Region(size.bounds))
                #expect(image.visible == expected.visible, "\(width)x\(height) to \(side)")
            }
        }
    }

    /// The work goes by what is drawn: an image of a gigabyte, of which a pixel here and there has memory.
    @Test(arguments: [PixelFormat.xrgb8888, .rgb888, .argb2101010], Orientation.allCases)
    func littleIsLookedAtOfWhatIsShownSmall(format: PixelFormat, orientation: Orientation) {
        let side = 16_384
        let layout = PixelLayout(size: Size(width: side, height: side), stride: side * 4 + 1, format: format)!
        let memory = unsafe mmap(nil, layout.byteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)!
        defer { unsafe munmap(memory, layout.byteCount) }
        var numbers = Numbers(seed: 60)
        var image = Image(64, 64, .xrgb8888, from: &numbers)
        let source = unsafe UnsafeRawBufferPointer(start: memory, count: layout.byteCount)
        let placement = Placement(destination: Rectangle(x: 0, y: 0, width: 64, height: 64), orientation: orientation)
        let target = image.layout
        image.withMemory { bytes in
            unsafe Painter.draw(
                source.bytes,
                layout,
                onto: &bytes,
                target,
                placement: placement,
                clip: Region(target.size.bounds)
            )
        }
        let page = sysconf(CInt(_SC_PAGESIZE))
        var resident = [UInt8](repeating: 0, count: (layout.byteCount + page - 1) / page)
        unsafe mincore(memory, layout.byteCount, &resident)
        // Four pixels for each, which are in two rows.
        #expect(resident.count { $0 & 1 == 1 } <= 2 * 2 * 64 * 64)
    }
}
