/// libwayland's address of a protocol object: a `wl_resource` on the server's side, a `wl_proxy` on the client's.
///
/// It may be compared and kept; only the runtimes look behind it, and only while they know that the object lives.
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
