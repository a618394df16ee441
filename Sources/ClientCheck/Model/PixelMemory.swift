import SharedMemory
import Synchronization

/// How a pixel lies in memory, as far as it matters for comparing and for transparency; wl_shm.format, drm_fourcc.h.
struct PixelLayout: Equatable {
    let bytesPerPixel: Int
    /// The bits of a pixel that are seen, in a little-endian word.
    let visible: UInt32
    /// Those that tell how opaque it is; 0 where it always is.
    let alpha: UInt32

    /// Nil for formats that aren't looked into.
    init?(shmFormat: UInt32) {
        let letters = String(decoding: (0..<4).map { UInt8(truncatingIfNeeded: shmFormat >> (8 * $0)) }, as: UTF8.self)
        switch (shmFormat, letters) {
        case (0, _), (_, "AB24"): self.init(4, visible: ~0, alpha: 0xff00_0000)
        case (1, _), (_, "XB24"): self.init(4, visible: 0x00ff_ffff, alpha: 0)
        case (_, "RA24"), (_, "BA24"): self.init(4, visible: ~0, alpha: 0xff)
        case (_, "RX24"), (_, "BX24"): self.init(4, visible: 0xffff_ff00, alpha: 0)
        case (_, "AR30"), (_, "AB30"): self.init(4, visible: ~0, alpha: 0xc000_0000)
        case (_, "XR30"), (_, "XB30"): self.init(4, visible: 0x3fff_ffff, alpha: 0)
        case (_, "RG16"), (_, "BG16"): self.init(2, visible: 0xffff, alpha: 0)
        default: return nil
        }
    }

    private init(_ bytesPerPixel: Int, visible: UInt32, alpha: UInt32) {
        (self.bytesPerPixel, self.visible, self.alpha) = (bytesPerPixel, visible, alpha)
    }
}

/// The pixels of a buffer as they were once: copied with pread(2), never mapped.
final class Picture {
    let width: Int
    let height: Int
    let stride: Int
    let layout: PixelLayout
    let bytes: [UInt8]

    /// Bytes in a picture at most; larger ones aren't looked at.
    static let limit = 128 << 20
    /// Bytes in all that there are: a client may hold any number of buffers.
    static let totalLimit = 512 << 20
    private static let total = Atomic(0)

    init(width: Int, height: Int, stride: Int, layout: PixelLayout, bytes: [UInt8]) {
        (self.width, self.height, self.stride, self.layout) = (width, height, stride, layout)
        self.bytes = bytes
        Self.total.add(bytes.count, ordering: .relaxed)
    }

    deinit { Self.total.subtract(bytes.count, ordering: .relaxed) }

    /// Reads a part of a file; nil where it isn't all there, or there are too many pictures already.
    static func read(
        _ file: borrowing Descriptor,
        at offset: Int,
        width: Int,
        height: Int,
        stride: Int,
        layout: PixelLayout,
        totalLimit: Int = totalLimit
    ) -> Picture? {
        let row = width * layout.bytesPerPixel
        guard width > 0, height > 0, stride >= row, offset >= 0, height <= limit / stride else { return nil }
        let size = stride * (height - 1) + row
        guard total.load(ordering: .relaxed) + size <= totalLimit else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        guard (try? file.pread(into: &raw, at: Int64(offset))) == size else { return nil }
        return Picture(width: width, height: height, stride: stride, layout: layout, bytes: bytes)
    }

    func hasSameShape(as other: Picture) -> Bool {
        width == other.width && height == other.height && layout == other.layout
    }
}
