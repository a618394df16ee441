internal import Glibc

/// A file descriptor with one owner, closed when the owner lets go of it.
///
/// libwayland, `recvmsg` and the kernel hand over plain integers; from there on a descriptor travels as this
/// noncopyable type, so that no error path can leak or double-close it.
public struct Descriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid only while this value lives.
    public let rawValue: CInt

    /// Takes over `rawValue`, an open descriptor that nobody else closes.
    public init(owning rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit {
        _ = Glibc.close(rawValue)
    }

    /// Gives up ownership: the caller closes the returned number.
    public consuming func relinquish() -> CInt {
        let number = rawValue
        discard self
        return number
    }
}
