internal import DirectRendering
internal import SharedMemory
internal import Synchronization

/// A dma-buf with several owners.
final class SharedDMABuffer: Sendable {
    let buffer: DMABuffer

    init(_ buffer: consuming DMABuffer) { self.buffer = buffer }
}

/// Memory for pixels that aren't a client's: a copy, or a frame. One thread at a time writes to it, or several do, each
/// to a part of it; nobody reads it then.
@safe
final class PixelMemory: @unchecked Sendable {
    private let byteCount: Int
    private var memory: WritableMapping?
    /// What it is the memory of, if devices can be at work on it.
    private let dmaBuffer: SharedDMABuffer?
    /// Is told when the memory is back with the kernel.
    let notice = UnmapNotice()

    /// Memory of our own, which ``reserve()`` makes.
    init(byteCount: Int) {
        self.byteCount = byteCount
        dmaBuffer = nil
    }

    /// Memory that is there already, as of a dma-buf.
    init(_ mapping: consuming WritableMapping, of dmaBuffer: SharedDMABuffer? = nil) {
        byteCount = mapping.length
        memory = consume mapping
        self.dmaBuffer = dmaBuffer
    }

    deinit {
        if let memory = memory.take() {
            memory.unmapElsewhere { [notice] in notice.send() }
        } else {
            notice.send()
        }
    }

    /// Makes sure that there is memory.
    func reserve() throws(SystemError) {
        if memory == nil { memory = try WritableMapping(withoutFile: byteCount) }
    }

    /// To be called before it is written to, by whichever thread: waits until no device is at work on it, where it is
    /// a dma-buf's, and for as long as a reader lets one be. Source: DMA_BUF_IOCTL_SYNC.
    func beginWriting() throws(DeviceError) { try dmaBuffer?.buffer.beginAccess(.write) }

    /// To be called when it is written: devices see it then.
    func endWriting() throws(DeviceError) { try dmaBuffer?.buffer.endAccess(.write) }

    func withBytes<R>(_ body: (RawSpan) -> R) -> R { withBytes(in: 0..<byteCount, body) }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return memory!.withBytes(in: range, body)
    }

    func withMutableBytes<R>(in range: Range<Int>, _ body: (inout MutableRawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return memory!.withMutableBytes(in: range, body)
    }

    /// Lends all bytes to one of several threads that write at the same time, each where no other does.
    @unsafe
    func withSharedMutableBytes<R>(_ body: (inout MutableRawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return unsafe memory!.withSharedMutableBytes(in: 0..<byteCount, body)
    }
}
