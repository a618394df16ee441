/// libwayland's address of a protocol object.
///
/// It may be compared and kept; only the runtime looks behind it, and only while it knows that the object lives.
public struct ObjectHandle: Hashable {
    private let address: UInt

    /// The address, to be used only while the object lives.
    @unsafe public var pointer: OpaquePointer { unsafe OpaquePointer(bitPattern: address)! }

    /// Wraps an address; nil stays nil.
    public init?(_ pointer: OpaquePointer?) {
        address = UInt(bitPattern: pointer)
        if address == 0 { return nil }
    }
}
