internal import Glibc
public import SharedMemory

/// Memory of a picture, or of one plane of it, that a device reads without a copy: a dma-buf, or a file's pages that
/// are mapped here.
///
/// A device that reads a mapping never writes into it: the mapping is for reading only, and the kernel refuses (EFAULT)
/// to lend it to a queue that a device fills. Pages that the file loses meanwhile are the device's until it is done.
public final class VideoMemory: Sendable {
    private enum Kind: ~Copyable, Sendable {
        case mapping(ReadOnlyMapping)
        case buffer(DMABuffer)
    }

    private let kind: Kind
    /// Whether it is a dma-buf, and not a mapping.
    public let isDMABuffer: Bool
    /// Bytes that a device may read: whole pages, as those are what is mapped.
    public let size: Int

    /// Maps the first `length` bytes of a file, as of a compositor's frame, shared and for reading only.
    ///
    /// Source: mmap(2).
    public init(mapping file: borrowing Descriptor, length: Int) throws(SystemError) {
        let mapping = try ReadOnlyMapping(shared: file, length: length)
        let page = Int(getpagesize())
        size = (length + page - 1) / page * page
        isDMABuffer = false
        kind = .mapping(mapping)
    }

    /// Takes over a dma-buf.
    public init(_ buffer: consuming DMABuffer) {
        size = buffer.size
        isDMABuffer = true
        kind = .buffer(buffer)
    }

    /// The file's mapping, or a new one of the dma-buf.
    fileprivate func map() throws(DeviceError) -> ReadOnlyMapping? {
        switch kind {
        case .mapping: return nil
        case .buffer(let buffer):
            do throws(SystemError) {
                return try ReadOnlyMapping(shared: buffer.descriptor, length: buffer.size)
            } catch {
                throw DeviceError(request: error.call, device: "a dma-buf", errno: error.errno)
            }
        }
    }

    fileprivate func withAccess<R>(_ body: () -> R) throws(DeviceError) -> R {
        switch kind {
        case .mapping: return body()
        case .buffer(let buffer): return try buffer.withAccess(.read) { () throws(DeviceError) in body() }
        }
    }

    fileprivate func withMapping<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        switch kind {
        case .mapping(let mapping): mapping.withBytes(in: range, body)
        case .buffer: preconditionFailure("a dma-buf is looked at through a view")
        }
    }

    /// Where it is mapped; 0 for a dma-buf.
    var address: UInt {
        switch kind {
        case .mapping(let mapping):
            mapping.withBytes(in: 0..<1) { unsafe $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
        case .buffer: 0
        }
    }

    /// The dma-buf's number; -1 for a mapping.
    var number: CInt {
        switch kind {
        case .mapping: -1
        case .buffer(let buffer): buffer.descriptor.rawValue
        }
    }

    /// Another descriptor of the dma-buf, for passing it on; nil for a mapping. Source: fcntl(2), F_DUPFD_CLOEXEC.
    public func duplicateDescriptor() throws(SystemError) -> Descriptor? {
        switch kind {
        case .mapping: return nil
        case .buffer(let buffer): return try buffer.descriptor.duplicate()
        }
    }
}

/// A look of the CPU's at ``VideoMemory``, which is mapped once for all of them.
public final class VideoMemoryView: Sendable {
    /// What is looked at.
    public let memory: VideoMemory
    /// Nil where that is a mapping itself.
    private let mapping: ReadOnlyMapping?

    /// Maps `memory` where it is a dma-buf.
    public init(_ memory: VideoMemory) throws(DeviceError) {
        self.memory = memory
        mapping = try memory.map()
    }

    /// Bytes that can be looked at.
    public var size: Int { memory.size }

    /// Lends the bytes in `range`, which must lie within ``size``, when no device is at work on them any more. Source:
    /// DMA_BUF_IOCTL_SYNC.
    public func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) throws(DeviceError) -> R {
        try memory.withAccess {
            switch mapping {
            case .some(let mapping): mapping.withBytes(in: range, body)
            case .none: memory.withMapping(in: range, body)
            }
        }
    }
}
