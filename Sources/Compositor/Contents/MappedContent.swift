internal import Pixels
internal import WaylandServer

/// Pixels in a client's sealed memory, looked at where they are.
///
/// The buffer stays locked while the content is shown. The client can still write into its memory, and will be seen
/// writing; it can't take the memory away.
final class MappedContent: PixelContent {
    private let memory: ClientMemory
    private let range: Range<Int>
    private let lock: BufferLock
    private let charge: Charge

    init(
        _ buffer: ClientBuffer,
        layout: PixelLayout,
        memory: ClientMemory,
        range: Range<Int>,
        account: ClientAccount
    ) throws(ProtocolError) {
        charge = try account.charge(range.count, of: .mappedBytes)
        self.memory = memory
        self.range = range
        lock = buffer.lock()
        super.init(layout: layout)
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        memory.withBytes(in: range, body)
    }
}
