import CPixelKernels
import Glibc
import SharedMemory

/// What the machine can do at most: the bound that frames are compared with.
struct Machine {
    /// Bytes read and written in a nanosecond, both counted, by copying what is in no cache.
    let copyRate: Double
    /// Pixels blended in a nanosecond, all of them cached.
    let blendRate: Double

    /// Takes the best of several tries.
    static func measure() -> Machine {
        Machine(copyRate: copyRate(), blendRate: blendRate())
    }

    /// As with frames, a source is read while another one was written before.
    private static func copyRate() -> Double {
        let size = 8 << 20
        var buffers: [UnsafeMutableRawPointer] = unsafe []
        for index in 0..<8 {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            unsafe memset(memory, Int32(index), size)
            unsafe buffers.append(memory)
        }
        defer { for index in 0..<8 { unsafe buffers[index].deallocate() } }
        var best = 0.0
        for round in 0..<40 {
            let start = threadTime()
            unsafe memcpy(buffers[(2 * round + 1) % 8], buffers[2 * round % 8], size)
            let passed = threadTime() - start
            best = max(best, Double(2 * size) / Double(passed))
        }
        return best
    }

    private static func blendRate() -> Double {
        let pixels = 4_096
        let source = [UInt32](repeating: 0x4020_3040, count: pixels)
        var target = [UInt32](repeating: 0xff80_8080, count: pixels)
        var best = 0.0
        for _ in 0..<20 {
            let start = threadTime()
            for _ in 0..<100 { unsafe signet_over_row(&target, source, pixels, 0) }
            let passed = threadTime() - start
            best = max(best, Double(100 * pixels) / Double(passed))
        }
        return best
    }
}
