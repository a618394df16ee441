internal import DirectRendering
internal import SharedMemory

/// Why descriptors don't become a buffer, though the numbers are right.
enum DmabufRefusal: Error, CustomStringConvertible {
    case notDMABuffer(plane: Int)
    case flags(UInt32)
    case modifier(UInt64)
    case unmappable(SystemError)
    case device(DeviceError)

    /// A sentence, with the remedy.
    var description: String {
        switch self {
        case .notDMABuffer(let plane):
            "the descriptor of plane \(plane) isn't a dma-buf; for memfds there is wl_shm, and /dev/udmabuf makes "
                + "dma-bufs of them"
        case .flags(let flags):
            "flags \(flags): content is drawn from the top down and not interlaced here; turn it with "
                + "wl_surface.set_buffer_transform"
        case .modifier(let modifier):
            "modifier 0x\(String(modifier, radix: 16)): only linear dma-bufs (DRM_FORMAT_MOD_LINEAR) are drawn"
        case .unmappable(let error):
            "the dma-buf can't be mapped for reading (\(error)), and there is no other way to look at it here"
        case .device(let error): "the kernel says of the dma-buf: \(error)"
        }
    }
}
