internal import SharedMemory

/// A mapping of a pool's file, shared by the pool and the contents that were taken from it.
///
/// A pool that grows gets a new one; the old one lasts as long as somebody still looks at it. Unmapping happens on
/// another thread, since for a large pool it takes milliseconds.
final class PoolMemory {
    private var mapping: ReadOnlyMapping?

    init(_ mapping: consuming ReadOnlyMapping) {
        self.mapping = consume mapping
    }

    deinit {
        mapping.take()?.unmapElsewhere()
    }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        guard mapping != nil else { preconditionFailure("the mapping lasts as long as its owner") }
        return mapping!.withBytes(in: range, body)
    }
}
