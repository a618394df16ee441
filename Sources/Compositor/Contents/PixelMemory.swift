internal import SharedMemory
internal import Synchronization

/// Memory for pixels that aren't a client's: a copy, or a frame. One thread at a time writes to it, or several do, each
/// to a part of it; nobody reads it then.
@safe
final class PixelMemory: @unchecked Sendable {
    private let byteCount: Int
    private var memory: WritableMapping?
    /// Is told when the memory is back with the kernel.
    let notice = UnmapNotice()

    /// Memory of our own, which ``reserve()`` makes.
    init(byteCount: Int) { self.byteCount = byteCount }

    /// Memory that is there already.
    init(_ mapping: consuming WritableMapping) {
        byteCount = mapping.length
        memory = consume mapping
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

    func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        guard memory != nil else { preconditionFailure("the memory isn't reserved") }
        return memory!.withBytes(in: 0..<byteCount, body)
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
