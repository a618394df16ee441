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
            unsafe signet_halve($0, $1, $1 + count * 8, count)
        } _: {
            unsafe signet_halve_portable($0, $1, $1 + count * 8, count)
        }
        for weight: UInt32 in [0, 1, 64, 127] {
            unsafe expectSame(count * 8, reading: count * 8, from: &numbers) {
                unsafe signet_mix($0.assumingMemoryBound(to: UInt16.self), $1, $1 + count * 4, weight, count)
            } _: {
                unsafe signet_mix_portable($0.assumingMemoryBound(to: UInt16.self), $1, $1 + count * 4, weight, count)
            }
        }
        // As mixed pixels are: 255 * 128 at most.
        let mixed = (0..<4 * (4 * count + 8)).map { _ in UInt16.random(in: 0...32_640, using: &numbers) }
        for step: Int64 in [3 << 31, -3 << 31, 1 << 32, 0x1234_5678, 4 << 32] {
            let start = step < 0 ? Int64(count) * 3 << 31 : 0x89ab_cdef
            var (pixels, weights) = ([UInt32](repeating: 0, count: count), [UInt32](repeating: 0, count: count))
            unsafe signet_find(&pixels, &weights, start, step, count)
            unsafe expectSame(count * 4, reading: 0, from: &numbers) { target, _ in
                unsafe signet_sample(target, mixed, pixels, weights, count)
            } _: { target, _ in
                unsafe signet_sample_portable(target, mixed, pixels, weights, count)
            }
        }
    }
}
