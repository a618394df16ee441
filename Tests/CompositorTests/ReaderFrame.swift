import DirectRendering
import Glibc
import Pixels
import SharedMemory
import WaylandClient

/// Keeps a descriptor open.
final class ReceivedMemory {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// A reader's view of one frame.
final class ReaderFrame {
    let proxy: SignetSealedFrameV1
    var kind: SignetSealedFrameV1.Kind?
    /// Closed with the frame.
    var memory: ReceivedMemory?
    var layout = (width: 0, height: 0, stride: 0, format: UInt32(0))
    var damage: [Rectangle] = []
    var isReady = false
    var failure: SignetSealedFrameV1.Failure?
    var onReady: () -> Void = {}

    init(_ session: SignetSealedFrameSessionV1) {
        proxy = session.nextFrame()
        proxy.onMemory = { [weak self] kind, descriptor, _, _, width, height, stride, format, _, _ in
            self?.kind = kind
            self?.memory = ReceivedMemory(descriptor)
            self?.layout = (Int(width), Int(height), Int(stride), format)
        }
        proxy.onDamage = { [weak self] in
            self?.damage.append(Rectangle(x: Int($0), y: Int($1), width: Int($2), height: Int($3)))
        }
        proxy.onReady = { [weak self] _, _, _ in
            self?.isReady = true
            self?.onReady()
        }
        proxy.onFailed = { [weak self] in self?.failure = $0 }
    }

    /// All pixels, as 0xRRGGBB, by row.
    func picture() -> [[UInt32]] {
        (0..<layout.height).map { y in
            var row = [UInt32](repeating: 0, count: layout.width)
            unsafe row.withUnsafeMutableBytes { unsafe read(into: $0, at: y * layout.stride) }
            return row.map { $0 & 0xff_ffff }
        }
    }

    private func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        guard kind == .dmabuf else {
            _ = unsafe pread(memory!.descriptor.rawValue, bytes.baseAddress, bytes.count, offset)
            return
        }
        // A dma-buf can't be read but through a mapping.
        let buffer = try! DMABuffer(owning: try! memory!.descriptor.duplicate())
        let mapping = try! ReadOnlyMapping(buffer.descriptor, length: layout.height * layout.stride)
        try! buffer.withAccess(.read) {
            mapping.withBytes(in: offset..<offset + bytes.count) { content in
                unsafe content.withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
            }
        }
    }

    func pixel(_ x: Int, _ y: Int) -> UInt32 {
        var bytes: [UInt8] = [0, 0, 0, 0]
        unsafe bytes.withUnsafeMutableBytes { unsafe read(into: $0, at: y * layout.stride + x * 4) }
        return UInt32(bytes[2]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[0])
    }
}
