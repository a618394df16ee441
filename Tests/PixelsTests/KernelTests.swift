import CPixelKernels
import CPixman
import Pixels
import Testing

/// The row kernels beside each other, and beside pixman.
@Suite struct KernelTests {
    /// Premultiplied pixels with every kind of alpha.
    static func pixels(_ count: Int, _ random: inout Random) -> [UInt32] {
        (0..<count).map { _ in
            let alpha = [0, 255, UInt32.random(in: 0...255, using: &random)].randomElement(using: &random)!
            return (0..<3).reduce(alpha << 24) { pixel, channel in
                pixel | UInt32.random(in: 0...alpha, using: &random) << UInt32(channel * 8)
            }
        }
    }

    private func pixman(_ source: [UInt32], over target: [UInt32]) -> [UInt32] {
        var (source, target) = (source, target)
        unsafe source.withUnsafeMutableBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { target in
                let width = CInt(source.count)
                let image = unsafe pixman_image_create_bits(PIXMAN_a8r8g8b8, width, 1, source.baseAddress, width * 4)
                let canvas = unsafe pixman_image_create_bits(PIXMAN_x8r8g8b8, width, 1, target.baseAddress, width * 4)
                unsafe pixman_image_composite32(PIXMAN_OP_OVER, image, nil, canvas, 0, 0, 0, 0, 0, 0, width, 1)
                unsafe pixman_image_unref(image)
                unsafe pixman_image_unref(canvas)
            }
        }
        return target
    }

    @Test func kernelsAndPixmanAgreeAtEveryWidth() {
        var random = Random(1)
        for width in 1...67 {
            let (source, below) = (Self.pixels(width, &random), Self.pixels(width, &random).map { $0 | 0xff00_0000 })
            var (fast, portable) = (below, below)
            unsafe signet_over_row(&fast, source, width)
            unsafe signet_over_row_portable(&portable, source, width)
            #expect(fast == portable)
            #expect(fast.map { $0 & 0xff_ffff } == pixman(source, over: below).map { $0 & 0xff_ffff })
        }
    }

    @Test func everyAlphaOverEveryValueIsRoundedTheSame() {
        var random = Random(2)
        for alpha in 0...255 as ClosedRange<UInt32> {
            let source = (0..<256).map { _ in alpha << 24 | UInt32.random(in: 0...alpha, using: &random) * 0x01_01_01 }
            let below = (0...255 as ClosedRange<UInt32>).map { 0xff00_0000 | $0 * 0x01_01_01 }
            var (fast, portable) = (below, below)
            unsafe signet_over_row(&fast, source, 256)
            unsafe signet_over_row_portable(&portable, source, 256)
            #expect(fast == portable)
            #expect(fast.map { $0 & 0xff_ffff } == pixman(source, over: below).map { $0 & 0xff_ffff })
        }
    }

    @Test(arguments: 0..<4, [1, 7, 8, 9, 33])
    func rowsMayStartAnywhereAndNothingElseIsTouched(offset: Int, width: Int) {
        var random = Random(3)
        let source = Self.pixels(width, &random)
        let below = Self.pixels(width, &random)
        var expected = below
        unsafe signet_over_row_portable(&expected, source, width)
        var from = [UInt8](repeating: 0x11, count: offset + width * 4 + 4)
        var to = [UInt8](repeating: 0x22, count: offset + width * 4 + 4)
        unsafe from.withUnsafeMutableBytes { bytes in
            unsafe source.withUnsafeBytes {
                unsafe (bytes.baseAddress! + offset).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        unsafe to.withUnsafeMutableBytes { bytes in
            unsafe below.withUnsafeBytes {
                unsafe (bytes.baseAddress! + offset).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        let result = unsafe to.withUnsafeMutableBytes { to in
            unsafe from.withUnsafeBytes { from in
                unsafe signet_over_row(to.baseAddress! + offset, from.baseAddress! + offset, width)
                return (0..<width).map { unsafe to.loadUnaligned(fromByteOffset: offset + $0 * 4, as: UInt32.self) }
            }
        }
        #expect(result == expected)
        #expect(to.prefix(offset).allSatisfy { $0 == 0x22 } && to.suffix(4).allSatisfy { $0 == 0x22 })
    }

    @Test(arguments: [0, 1, 3, 8, 31])
    func fillingFillsJustTheRow(width: Int) {
        var row = [UInt32](repeating: 7, count: width + 1)
        unsafe signet_fill_row(&row, 0x1234_5678, width)
        #expect(row == Array(repeating: 0x1234_5678, count: width) + [7])
    }
}
