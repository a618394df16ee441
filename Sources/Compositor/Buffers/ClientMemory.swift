internal import SharedMemory

/// A mapping of a client's memory, shared by the object that it came with and the contents that were taken from it.
final class ClientMemory {
    private let mapping: ReadOnlyMapping

    init(_ mapping: consuming ReadOnlyMapping) {
        self.mapping = mapping
    }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        mapping.withBytes(in: range, body)
    }
}
