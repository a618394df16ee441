import CPixelKernels
import Glibc
import Pixels
import Testing

/// Video frames of pictures, against luma and chroma that the test computes with floating-point numbers.
@Suite struct NV12Tests {
    /// How far a byte may be from its exact value: half a step is lost by rounding, and a little to whole factors.
    private let tolerance = 0.505

    private func isClose(_ bytes: [UInt8], _ exact: [Double]) -> Bool {
        zip(bytes, exact).allSatisfy { abs(Double($0) - $1) < tolerance }
    }

    /// Colours of each channel's ends as often as any other.
    private func image(
        _ width: Int,
        _ height: Int,
        padding: Int = 0,
        start: Int = 0,
        from numbers: inout Numbers
    ) -> Image {
        var image = Image(width, height, .xrgb8888, padding: padding, start: start, from: &numbers)
        for pixel in image.layout.size.bounds.pixels where numbers.number(in: 0...1) == 0 {
            image[pixel] = [0, 0xff, 0xff00, 0xff_0000, 0xffff, 0xff_00ff, 0xff_ff00, 0xff_ffff]
                .randomElement(using: &numbers)!
        }
        return image
    }

    // MARK: Layouts

    @Test func layoutsAreEvenAndHoldBothPlanes() throws {
        func numbers(_ width: Int, _ height: Int) throws -> [Int] {
            let layout = try #require(NV12Layout(width: width, height: height))
            return [
                layout.width, layout.height, layout.stride, layout.chromaOffset, layout.byteCount,
                layout.i420ByteCount,
            ]
        }
        #expect(try numbers(1920, 1080) == [1920, 1080, 1920, 2_073_600, 3_110_400, 3_110_400])
        #expect(try numbers(1366, 768) == [1366, 768, 1408, 1_081_344, 1_622_016, 1_573_632])
        #expect(try numbers(1, 1) == [2, 2, 64, 128, 192, 6])
        #expect(try numbers(65, 3) == [66, 4, 128, 512, 768, 396])
    }

    @Test func sizesThatNoMemoryHasAreNone() {
        let edges = [Int.min, -1, 0, 1, Int(Int32.max), 1 << 40, Int.max - 64, Int.max - 1, Int.max]
        for (width, height) in edges.flatMap({ width in edges.map { (width, $0) } }) {
            let isPossible = min(width, height) > 0 && Double(width) * Double(height) * 1.5 < 0x1p63
            let layout = NV12Layout(width: width, height: height)
            if max(width, height) < 1 << 40 { #expect((layout != nil) == isPossible) }
            if min(width, height) < 1 { #expect(layout == nil) }
            if let layout { #expect(layout.byteCount > layout.chromaOffset && layout.i420ByteCount > 0) }
        }
    }

    // MARK: Colours

    /// Sixteen million: each is two by two pixels, so that chroma is its own.
    @Test func everyColorIsWithinHalfAStepOfItsDefinition() {
        let count = 1 << 12
        var colors = [UInt32](repeating: 0, count: 2 * count)
        var upper = [UInt8](repeating: 0, count: 2 * count)
        var (lower, chroma) = (upper, upper)
        var worst = [0.0, 0.0, 0.0]
        for first in stride(from: 0, to: 1 << 24, by: count) {
            for index in 0..<2 * count { colors[index] = UInt32(first + index / 2) | 0xa500_0000 }
            unsafe signet_nv12_rows(&upper, &lower, &chroma, colors, colors, 2 * count, 0)
            for index in 0..<count {
                let color = first + index
                let (r, g, b) = (Double(color >> 16), Double(color >> 8 & 0xff), Double(color & 0xff))
                let y = 0.2126 * r + 0.7152 * g + 0.0722 * b
                worst[0] = max(worst[0], abs(Double(upper[2 * index]) - (16 + 219 * y / 255)))
                worst[1] = max(worst[1], abs(Double(chroma[2 * index]) - (128 + 224 * (b - y) / 1.8556 / 255)))
                worst[2] = max(worst[2], abs(Double(chroma[2 * index + 1]) - (128 + 224 * (r - y) / 1.5748 / 255)))
            }
        }
        #expect(worst.allSatisfy { $0 < tolerance }, "\(worst)")
    }

    @Test func greysHaveNoChroma() throws {
        var numbers = Numbers(seed: 1)
        var source = image(512, 2, from: &numbers)
        for pixel in source.layout.size.bounds.pixels { source[pixel] = 0x01_0101 * UInt32(pixel.x / 2) }
        var picture = NV12Picture(512, 2, from: &numbers)
        try picture.convert(source.layout.size.bounds, of: source)
        for x in 0..<512 { #expect(picture[Point(x: x, y: 0)].dropFirst() == [128, 128]) }
        #expect(picture[Point(x: 0, y: 1)][0] == 16 && picture[Point(x: 511, y: 1)][0] == 235)
    }

    /// At any width and address, with odd ones' last pixels twice and nothing written beyond.
    @Test(arguments: 0...70) func kernelsAgreeWithEachOtherAndTheDefinition(width: Int) {
        var numbers = Numbers(seed: UInt64(width))
        let written = width + width % 2
        for start in 0..<8 {
            let source = image(max(1, width), 2, padding: start, start: start, from: &numbers)
            let results = [false, true].map { isPortable in
                var row = [UInt8](repeating: 0xa5, count: 3 * 160)
                unsafe row.withUnsafeMutableBufferPointer { row in
                    source.withPixels { pixels in
                        unsafe pixels.withUnsafeBytes { pixels in
                            let (to, from) = unsafe (row.baseAddress! + 32 + start, pixels.baseAddress!)
                            let kernel = unsafe isPortable ? signet_nv12_rows_portable : signet_nv12_rows
                            let lower = unsafe from + source.layout.stride
                            unsafe kernel(to, to + 160, to + 320, from, lower, width, 0)
                        }
                    }
                }
                return row
            }
            #expect(results[0] == results[1])
            for (index, byte) in results[0].enumerated() where !(0..<written).contains(index % 160 - 32 - start) {
                #expect(byte == 0xa5)
            }
            for x in 0..<written {
                let exact = (0..<2).map { NV12Picture.expected(Point(x: min(x, width - 1), y: $0), of: source) }
                let place = 32 + start + x
                #expect(abs(Double(results[0][place]) - exact[0][0]) < tolerance)
                #expect(abs(Double(results[0][place + 160]) - exact[1][0]) < tolerance)
                #expect(abs(Double(results[0][place + 320]) - exact[0][1 + x % 2]) < tolerance)
            }
        }
    }

    /// What the compositor shows of such a frame is the picture it was made of.
    @Test func framesAreDrawnInTheirColors() throws {
        var numbers = Numbers(seed: 2)
        var source = image(64, 48, from: &numbers)
        for pixel in source.layout.size.bounds.pixels {
            source[pixel] = source[Point(x: pixel.x / 2 * 2, y: pixel.y / 2 * 2)]
        }
        var picture = NV12Picture(64, 48, from: &numbers)
        try picture.convert(source.layout.size.bounds, of: source)
        let (layout, memory) = (picture.layout, picture.memory)
        let strides = [layout.stride, layout.stride]
        let planes = YUVLayout(size: layout.size, strides: strides, format: .nv12, matrix: .bt709)!
        var target = Image(64, 48, .xrgb8888, from: &numbers)
        let (targetLayout, bounds) = (target.layout, target.layout.size.bounds)
        target.withMemory {
            unsafe Painter.draw(
                memory.span.bytes.extracting(0..<layout.chromaOffset),
                second: memory.span.bytes.extracting(droppingFirst: layout.chromaOffset),
                planes,
                onto: &$0,
                targetLayout,
                placement: Placement(destination: bounds),
                clip: Region(bounds)
            )
        }
        // Half a step of each of three numbers, of which chroma's goes up to 2.1 times into blue.
        #expect(target.visible.difference(from: source.visible) <= 2)
    }

    // MARK: Rectangles

    /// Any part of a source that is of the picture's size, larger or smaller; nothing else is written.
    @Test func partsAreConvertedAndNothingElse() throws {
        var numbers = Numbers(seed: 3)
        for round in 0..<300 {
            let (width, height) = (numbers.number(in: 1...80), numbers.number(in: 1...12))
            let isSame = round % 3 == 0
            let source = image(
                isSame ? width : numbers.number(in: 1...100),
                isSame ? height : numbers.number(in: 1...14),
                padding: round % 7,
                start: round % 5,
                from: &numbers
            )
            let before = NV12Picture(width, height, from: &numbers)
            let part = Rectangle(
                x: numbers.number(in: -20...90),
                y: numbers.number(in: -5...14),
                width: numbers.number(in: -3...110),
                height: numbers.number(in: -1...20)
            )
            var picture = before
            let converted = try picture.convert(part, of: source)
            let bounds = picture.layout.size.bounds
            let wanted = part.intersection(bounds)
            #expect(converted.isEmpty == (part.isEmpty || wanted.isEmpty))
            #expect([converted.minX, converted.minY, converted.maxX, converted.maxY].allSatisfy { $0 % 2 == 0 })
            if !converted.isEmpty {
                #expect(converted.intersection(wanted) == wanted && converted.intersection(bounds) == converted)
                #expect(converted.width <= wanted.width + 2 && converted.height <= wanted.height + 2)
            }
            var rest = picture
            for pixel in converted.pixels {
                #expect(isClose(picture[pixel], NV12Picture.expected(pixel, of: source)))
                rest[pixel] = before[pixel]
            }
            // And with it the margins, and what is between the rows.
            #expect(rest == before)
        }
    }

    @Test func partsTogetherAreTheWhole() throws {
        var numbers = Numbers(seed: 4)
        for (width, height) in [(131, 37), (64, 32), (1, 9), (9, 1)] {
            let source = image(width, height, from: &numbers)
            var whole = NV12Picture(width, height, from: &numbers)
            var parts = whole
            try whole.convert(Rectangle(x: 0, y: 0, width: width, height: height), of: source)
            for y in stride(from: 0, to: height, by: 5) {
                for x in stride(from: 0, to: width, by: 13) {
                    try parts.convert(Rectangle(x: x, y: y, width: 13, height: 5), of: source)
                }
            }
            #expect(parts == whole)
        }
    }

    @Test func whatChangedMakesTheNextFrame() throws {
        var numbers = Numbers(seed: 5)
        var source = image(75, 41, from: &numbers)
        var picture = NV12Picture(75, 41, from: &numbers)
        try picture.convert(source.layout.size.bounds, of: source)
        for _ in 0..<20 {
            let damage = numbers.region(in: source.layout.size, rectangles: 1...4)
            let seen = damage.intersection(source.layout.size.bounds)
            for pixel in source.layout.size.bounds.pixels where seen.contains(pixel) {
                source[pixel] = UInt32(numbers.number(in: 0...0xff_ffff))
            }
            var parts: [Rectangle] = []
            damage.forEachRectangle { parts.append($0) }
            for part in parts { try picture.convert(part, of: source) }
            var whole = picture
            try whole.convert(source.layout.size.bounds, of: source)
            #expect(whole == picture)
        }
    }

    @Test func numbersMayBeAnything() throws {
        var numbers = Numbers(seed: 6)
        let source = image(10, 6, from: &numbers)
        let before = NV12Picture(10, 6, from: &numbers)
        var whole = before
        try whole.convert(Rectangle(x: 0, y: 0, width: 10, height: 6), of: source)
        let edges = [Int.min, Int.min + 1, -1 << 32, -1, 0, 1, 1 << 32, Int.max - 1, Int.max]
        for (x, width) in edges.flatMap({ x in edges.map { (x, $0) } }) {
            for part in [
                Rectangle(x: x, y: 0, width: width, height: 6), Rectangle(x: 0, y: x, width: 10, height: width),
            ] {
                var picture = before
                let converted = try picture.convert(part, of: source)
                var expected = before
                for pixel in converted.pixels { expected[pixel] = whole[pixel] }
                #expect(picture == expected)
            }
        }
        var picture = before
        // The latter two end beyond what numbers reach.
        for start in [Int.min / 2, 1, 9] {
            let converted = try picture.convert(Rectangle(x: start, y: 0, width: .max, height: 6), of: source)
            let left = max(0, start / 2 * 2)
            #expect(converted == Rectangle(x: left, y: 0, width: 10 - left, height: 6))
        }
        #expect(picture == whole)
    }

    // MARK: Memory

    @Test func tooLittleMemoryAndOtherFormatsAreErrors() throws {
        var numbers = Numbers(seed: 7)
        let source = image(10, 6, from: &numbers)
        let before = NV12Picture(10, 6, from: &numbers)
        var picture = before
        let bounds = source.layout.size.bounds
        #expect(throws: NV12Error.shortTarget(byteCount: 575, needed: 576)) {
            try picture.convert(bounds, of: source, missing: 1)
        }
        let short = Image(10, 6, .xrgb8888, missing: 1, from: &numbers)
        #expect(throws: NV12Error.shortSource(byteCount: 239, needed: 240)) {
            try picture.convert(bounds, of: short)
        }
        let other = Image(10, 6, .xbgr8888, from: &numbers)
        #expect(throws: NV12Error.sourceFormat(.xbgr8888)) { try picture.convert(bounds, of: other) }
        #expect(picture == before)
    }

    /// The memory around both buffers isn't there: touching it would be the end of the test.
    @Test(arguments: 1...70) func nothingAroundTheBuffersIsTouched(width: Int) throws {
        let page = sysconf(CInt(_SC_PAGESIZE))
        let memory = unsafe mmap(nil, 5 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        defer { unsafe munmap(memory, 5 * page) }
        for index in [1, 3] { unsafe mprotect(memory + index * page, page, PROT_READ | PROT_WRITE) }
        for height in 1...4 {
            let size = Size(width: width, height: height)
            let layout = PixelLayout(size: size, stride: 4 * width, format: .xrgb8888)!
            let frame = NV12Layout(width: width, height: height)!
            for (isFirst, part) in [
                (true, size.bounds), (false, size.bounds), (false, Rectangle(x: width - 1, y: 0, width: 9, height: 9)),
            ] {
                let source = unsafe UnsafeRawBufferPointer(
                    start: memory + page + (isFirst ? 0 : page - layout.byteCount),
                    count: layout.byteCount
                )
                let target = unsafe UnsafeMutableRawBufferPointer(
                    start: memory + 3 * page + (isFirst ? 0 : page - frame.byteCount),
                    count: frame.byteCount
                )
                var bytes = unsafe target.mutableBytes
                try unsafe frame.convert(part, of: source.bytes, layout, to: &bytes)
            }
        }
    }

    // MARK: I420

    @Test func planesAreSplitWithoutGaps() throws {
        var numbers = Numbers(seed: 8)
        for (width, height) in [(2, 2), (66, 4), (131, 37), (64, 64)] {
            let picture = NV12Picture(width, height, from: &numbers)
            let (layout, memory) = (picture.layout, picture.memory)
            var result = [UInt8](repeating: 0xa5, count: layout.i420ByteCount + 3)
            var span = result.mutableSpan
            var bytes = unsafe span.mutableBytes
            try unsafe layout.copyAsI420(memory.span.bytes, to: &bytes)
            var expected: [UInt8] = []
            for pixel in layout.size.bounds.pixels { expected.append(picture[pixel][0]) }
            for component in [1, 2] {
                for pixel in layout.size.bounds.pixels where pixel.x % 2 == 0 && pixel.y % 2 == 0 {
                    expected.append(picture[pixel][component])
                }
            }
            #expect(result == expected + [0xa5, 0xa5, 0xa5])
        }
    }

    @Test(arguments: 0...70) func splittingKernelsAgree(count: Int) {
        var numbers = Numbers(seed: UInt64(count))
        let pairs = (0..<2 * count + 1).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let expected = (0..<2).map { first in (0..<count).map { pairs[2 * $0 + first] } + [0xa5] }
        for isPortable in [false, true] {
            let kernel = unsafe isPortable ? signet_split_row_portable : signet_split_row
            var first = [UInt8](repeating: 0xa5, count: count + 1)
            var second = first
            unsafe kernel(&first, &second, pairs, count)
            #expect([first, second] == expected)
        }
    }

    @Test func splittingNeedsMemoryForAll() {
        var numbers = Numbers(seed: 9)
        let picture = NV12Picture(4, 2, from: &numbers)
        let (layout, memory) = (picture.layout, picture.memory)
        for (source, target) in [(layout.byteCount - 1, layout.i420ByteCount), (layout.byteCount, 11)] {
            var result = [UInt8](repeating: 0xa5, count: target)
            let isShort = source < layout.byteCount
            #expect(
                throws: isShort
                    ? NV12Error.shortSource(byteCount: source, needed: 192)
                    : .shortTarget(byteCount: 11, needed: 12)
            ) {
                var span = result.mutableSpan
                var bytes = unsafe span.mutableBytes
                try unsafe layout.copyAsI420(memory.span.bytes.extracting(0..<source), to: &bytes)
            }
            #expect(result.allSatisfy { $0 == 0xa5 })
        }
    }
}
