import CPixelKernels
import Testing

/// What a processor's vector instructions do is what plain C does.
@Suite struct KernelTests {
    private typealias Kernel = (UnsafeMutableRawPointer, UnsafeRawPointer) -> Void

    /// Runs both over the same bytes, which begin anywhere; each writes nothing outside of its `bytes`.
    private func expectSame(
        _ bytes: Int,
        reading count: Int,
        from numbers: inout Numbers,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ fast: @escaping Kernel,
        _ portable: @escaping Kernel
    ) {
        let start = numbers.number(in: 0...7)
        let source = (0..<start + max(count, 1)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let results = unsafe [fast, portable].map { kernel in
            var target = [UInt8](repeating: 0xa5, count: bytes + 64)
            unsafe source.withUnsafeBytes { source in
                unsafe target.withUnsafeMutableBytes { target in
                    unsafe kernel(target.baseAddress! + 32, source.baseAddress! + start)
                }
            }
            return target
        }
        #expect(results[0] == results[1], sourceLocation: sourceLocation)
        let margins = results[0].prefix(32) + results[0].suffix(32)
        #expect(margins.allSatisfy { $0 == 0xa5 }, sourceLocation: sourceLocation)
    }

    @Test(arguments: 0..<70) func wholePixels(count: Int) {
        var numbers = Numbers(seed: UInt64(count))
        for factor in 1...5 {
            for skip in 0..<factor {
                unsafe expectSame(count * 4, reading: (count + skip + factor - 1) / factor * 4, from: &numbers) {
                    unsafe signet_enlarge($0, $1, factor, skip, count)
                } _: {
                    unsafe signet_enlarge_portable($0, $1, factor, skip, count)
                }
            }
        }
        unsafe expectSame(count * 4, reading: count * 4, from: &numbers) {
            unsafe signet_mirror($0, $1, count)
        } _: {
            unsafe signet_mirror_portable($0, $1, count)
        }
        for rows in [0, 1, 7, 8, 9, 33] {
            unsafe expectSame(count * rows * 4, reading: count * rows * 4, from: &numbers) {
                unsafe signet_transpose($0, rows * 4, $1, count * 4, count, rows)
            } _: {
                unsafe signet_transpose_portable($0, rows * 4, $1, count * 4, count, rows)
            }
        }
        for format in SIGNET_ARGB8888.rawValue...SIGNET_ABGR2101010.rawValue {
            let format = signet_pixel_format(format)
            let narrow = [SIGNET_RGB888: 3, SIGNET_BGR888: 3, SIGNET_RGB565: 2, SIGNET_BGR565: 2]
            unsafe expectSame(count * 4, reading: count * (narrow[format] ?? 4), from: &numbers) {
                unsafe signet_convert_row($0, $1, count, format)
            } _: {
                unsafe signet_convert_row_portable($0, $1, count, format)
            }
        }
    }

    @Test(arguments: 0..<70) func interpolation(count: Int) {
        var numbers = Numbers(seed: 100 + UInt64(count))
        unsafe expectSame(count * 4, reading: count * 16, from: &numbers) {
            unsafe signet_halve($0, $1, $1 + count * 8, count, count * 16)
        } _: {
            unsafe signet_halve_portable($0, $1, $1 + count * 8, count, 0)
        }
        for step: Int64 in [3 << 31, -3 << 31, 1 << 32, 2 << 32, 0x1234_5678, 4 << 32, -1, 0] {
            // From a pixel before the row's first to one after its last.
            for start in [step < 0 ? Int64(count) &* -step : 0x89ab_cdef, -1 << 31] {
                let columns = max(2, Int((start &+ Int64(count) &* max(step, 0)) >> 32))
                var taps = [signet_tap](repeating: signet_tap(), count: count + 1)
                unsafe signet_find(&taps, start, step, count, columns)
                #expect(taps.prefix(count).allSatisfy { $0.pixel + 2 <= columns })
                for weight: UInt32 in [0, 1, 64, 127] {
                    unsafe expectSame(count * 4, reading: columns * 8, from: &numbers) { [taps] in
                        unsafe signet_interpolate($0, $1, $1 + columns * 4, columns, weight, taps, count, columns * 8)
                    } _: { [taps] in
                        let lower = unsafe $1 + columns * 4
                        unsafe signet_interpolate_portable($0, $1, lower, columns, weight, taps, count, 0)
                    }
                }
            }
        }
        var taps = [signet_tap](repeating: signet_tap(), count: count + 1)
        unsafe signet_find_apart(&taps, 0x89ab_cdef, 9 << 30, count)
        unsafe expectSame(count * 4, reading: count * 16, from: &numbers) {
            unsafe signet_interpolate($0, $1, $1 + count * 8, count * 2, 5, taps, count, 0)
        } _: {
            unsafe signet_interpolate_portable($0, $1, $1 + count * 8, count * 2, 5, taps, count, 0)
        }
    }
}
