internal import CLinux
internal import Glibc
public import SharedMemory

/// Memory of a device, or for devices, that travels by descriptor: a dma-buf.
///
/// Its size is fixed for life, so it may be mapped whoever else holds it. What isn't fixed is who is at work on it: the
/// CPU looks at it between ``beginAccess(_:)`` and ``endAccess(_:)`` only, and beginning waits for devices' fences.
/// Source: Documentation/driver-api/dma-buf.rst.
public struct DMABuffer: ~Copyable, Sendable {
    /// What somebody is going to do with the content.
    public enum Access: Sendable {
        case read, write, readWrite

        fileprivate var flags: UInt32 {
            switch self {
            case .read: UInt32(DMA_BUF_SYNC_READ)
            case .write: UInt32(DMA_BUF_SYNC_WRITE)
            case .readWrite: UInt32(DMA_BUF_SYNC_READ | DMA_BUF_SYNC_WRITE)
            }
        }
    }

    /// For passing it on.
    public let descriptor: Descriptor
    /// In bytes, a multiple of the page size. lseek(2) to its end tells; not every kernel's st_size does.
    public let size: Int
    /// The same for all descriptors of the same dma-buf while one of them is open: its inode.
    public let identity: UInt64
    /// The number of the kernel's device that all dma-bufs are on; fstat(2), st_dev.
    public let device: UInt64
    /// Whether the CPU sees what devices wrote, and they what it did, without ``beginAccess(_:)``, once nobody is at
    /// work on it: ordinary memory in a machine whose devices look into the CPU's caches. False where that isn't known.
    public let isCoherent: Bool

    /// Takes over a descriptor that is known to be one of a dma-buf.
    public init(owning descriptor: consuming Descriptor) throws(DeviceError) {
        let number = descriptor.rawValue
        let end = try perform("lseek", on: name) { lseek(number, 0, SEEK_END) }
        var status = stat()
        _ = try perform("fstat", on: name) { unsafe fstat(number, &status) }
        size = Int(end)
        identity = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        isCoherent = isOrdinaryMemory(number)
        self.descriptor = descriptor
    }

    /// Takes over a descriptor that may be of anything; nil, and closed, where it isn't one of a dma-buf.
    public init?(ifDMABuffer descriptor: consuming Descriptor) throws(DeviceError) {
        let number = descriptor.rawValue
        // A dma-buf has no type. What has one may be on a file system that takes its time to answer.
        guard DescriptorFacts.kindWithoutAsking(descriptor) == .anonymous else { return nil }
        var system = statfs()
        _ = try perform("fstatfs", on: "a descriptor") { unsafe fstatfs(number, &system) }
        guard UInt32(truncatingIfNeeded: system.f_type) == SIGNET_DMA_BUF_MAGIC else { return nil }
        try self.init(owning: descriptor)
    }

    // MARK: Access by the CPU

    /// Waits until no device is at work on what `access` needs, and makes its work visible to the CPU.
    ///
    /// Can wait without end, as fences are others' to signal. Source: DMA_BUF_IOCTL_SYNC, DMA_BUF_SYNC_START.
    public borrowing func beginAccess(_ access: Access) throws(DeviceError) {
        let (number, flags) = (descriptor.rawValue, UInt64(access.flags) | UInt64(DMA_BUF_SYNC_START))
        _ = try perform("DMA_BUF_IOCTL_SYNC", on: name) { signet_dma_buf_sync(number, flags) }
    }

    /// Makes the CPU's work visible to devices. Source: DMA_BUF_IOCTL_SYNC, DMA_BUF_SYNC_END.
    public borrowing func endAccess(_ access: Access) throws(DeviceError) {
        let (number, flags) = (descriptor.rawValue, UInt64(access.flags) | UInt64(DMA_BUF_SYNC_END))
        _ = try perform("DMA_BUF_IOCTL_SYNC", on: name) { signet_dma_buf_sync(number, flags) }
    }

    /// Runs `body` with the CPU's access begun, and ends it.
    public borrowing func withAccess<R>(_ access: Access, _ body: () throws(DeviceError) -> R) throws(DeviceError) -> R
    {
        try beginAccess(access)
        let result: R
        do throws(DeviceError) {
            result = try body()
        } catch {
            try? endAccess(access)
            throw error
        }
        try endAccess(access)
        return result
    }

    /// Whether ``beginAccess(_:)`` wouldn't have to wait, at this moment. Reading waits for those who write, writing
    /// for everybody. The descriptor can be watched for the same: readable for reading, writable for writing; poll(2).
    public borrowing func isReady(for access: Access) throws(DeviceError) -> Bool {
        let wanted: Int16 =
            switch access {
            case .read: Int16(POLLIN)
            case .write, .readWrite: Int16(POLLOUT)
            }
        var entry = pollfd(fd: descriptor.rawValue, events: wanted, revents: 0)
        _ = try perform("poll", on: name) { unsafe poll(&entry, 1, 0) }
        return entry.revents & wanted != 0
    }

    /// A sync_file that becomes readable when what is at work on the buffer now is done, whatever comes after it.
    ///
    /// Source: DMA_BUF_IOCTL_EXPORT_SYNC_FILE; kernels before 6.0 say ENOTTY.
    public borrowing func exportFence(for access: Access) throws(DeviceError) -> Descriptor {
        let (number, flags) = (descriptor.rawValue, access.flags)
        return Descriptor(
            owning: try perform("DMA_BUF_IOCTL_EXPORT_SYNC_FILE", on: name) {
                signet_dma_buf_export_sync_file(number, flags)
            }
        )
    }
}

private let name = "a dma-buf"

/// Whether a dma-buf is made of the system's memory by an exporter that does nothing for the CPU's accesses here.
///
/// Source: the kernel's udmabuf.c and system_heap.c, which only sync devices' mappings, and that is nothing on x86-64;
/// exp_name in fdinfo, dma_buf_show_fdinfo(). Its first line is the kernel's: a name that somebody gave it comes later.
private func isOrdinaryMemory(_ number: CInt) -> Bool {
    #if arch(x86_64)
        guard let bytes = readFile("/proc/self/fdinfo/\(number)", upTo: 4_096) else { return false }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let exporter = lines.first { $0.starts(with: "exp_name:".utf8) }?.dropFirst("exp_name:".utf8.count)
        let name = exporter.map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } }
        return name == "udmabuf" || name == "system"
    #else
        return false
    #endif
}
