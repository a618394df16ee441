internal import CLinux
internal import Glibc
public import SharedMemory

/// dma-bufs of ordinary memory, without any graphics device.
public enum SystemMemory {
    /// Where the kernel makes dma-bufs of memfds.
    public static let udmabufPath = "/dev/udmabuf"

    /// Makes a dma-buf of `range` of a memfd: the same pages, seen both ways.
    ///
    /// The memfd carries F_SEAL_SHRINK and neither F_SEAL_WRITE nor F_SEAL_FUTURE_WRITE, the range starts and ends at
    /// pages, and isn't longer than udmabuf's size limit (64 MiB, unless the module was told otherwise); EINVAL
    /// otherwise. Source: linux/udmabuf.h, UDMABUF_CREATE.
    public static func udmabuf(
        of memfd: borrowing Descriptor,
        range: Range<Int>,
        device path: String = udmabufPath
    ) throws(DeviceError) -> DMABuffer {
        let device = try openDevice(path)
        let (file, offset, size) = (memfd.rawValue, UInt64(range.lowerBound), UInt64(range.count))
        return try DMABuffer(
            owning: Descriptor(
                owning: try perform("UDMABUF_CREATE", on: path) {
                    signet_udmabuf_create(device.rawValue, file, offset, size)
                }
            )
        )
    }

    /// The heaps there are: `/dev/dma_heap/system` and so on.
    public static func heaps(in folder: String = "/dev/dma_heap") -> [String] {
        fileNames(in: folder).map { "\(folder)/\($0)" }
    }

    /// Fresh memory from a heap, all zero, `size` bytes rounded up to pages.
    ///
    /// Source: linux/dma-heap.h, DMA_HEAP_IOCTL_ALLOC.
    public static func allocate(_ size: Int, from heap: String) throws(DeviceError) -> DMABuffer {
        let device = try openDevice(heap)
        let flags = UInt32(O_RDWR | O_CLOEXEC)
        return try DMABuffer(
            owning: Descriptor(
                owning: try perform("DMA_HEAP_IOCTL_ALLOC", on: heap) {
                    signet_dma_heap_allocate(device.rawValue, UInt64(size), flags)
                }
            )
        )
    }
}
