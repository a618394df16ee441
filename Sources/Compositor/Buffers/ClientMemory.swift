internal import SharedMemory

/// A mapping of a client's memory, shared by the object that it came with and the contents that were taken from it.
///
/// Unmapping happens on another thread, since for a large mapping it takes milliseconds.
final class ClientMemory {
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
