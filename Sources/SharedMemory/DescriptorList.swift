/// Descriptors in a row, each closed with the list unless it was taken out.
///
/// Arrays can't hold noncopyable values; this holds the numbers and owns what they stand for.
public struct DescriptorList: ~Copyable, Sendable {
    private var numbers: [CInt] = []

    /// An empty list.
    public init() {}

    /// How many there are.
    public var count: Int { numbers.count }

    /// Adds one at the end.
    public mutating func append(_ descriptor: consuming Descriptor) {
        numbers.append(descriptor.relinquish())
    }

    /// Takes the first one out; nil where there is none.
    public mutating func takeFirst() -> Descriptor? {
        numbers.isEmpty ? nil : Descriptor(owning: numbers.removeFirst())
    }

    /// Their numbers, valid while the list lives and nothing is taken out of it.
    package var rawValues: [CInt] { numbers }

    deinit {
        for number in numbers { _ = Descriptor(owning: number) }
    }
}
