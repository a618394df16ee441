internal import SharedMemory

/// A mapping of a client's memory, shared by the object that it came with and the contents that were taken from it.
final class ClientMemory {
    private let mapping: ReadOnlyMapping
    private let charge: Charge

    /// The charge is for one mapping.
    init(_ mapping: consuming ReadOnlyMapping, charge: consuming Charge) {
        self.mapping = mapping
        self.charge = charge
    }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        mapping.withBytes(in: range, body)
    }
}
