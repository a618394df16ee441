internal import CLinux
internal import Glibc

/// A file descriptor with one owner, closed when the owner lets go of it.
///
/// libwayland, `recvmsg` and the kernel hand over plain integers; from there on a descriptor travels as this
/// noncopyable type, so that no error path can leak it or close it twice.
public struct Descriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid only while this value lives.
    public let rawValue: CInt

    /// Takes over `rawValue`, an open descriptor that nobody else closes.
    public init(owning rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit {
        // Also after EINTR the number is free again: close(2).
        _ = Glibc.close(rawValue)
    }

    /// Gives up ownership: the caller closes the returned number.
    public consuming func relinquish() -> CInt {
        let number = rawValue
        discard self
        return number
    }

    /// Another descriptor of the same open file, which doesn't survive exec. Source: fcntl(2), F_DUPFD_CLOEXEC.
    public borrowing func duplicate() throws(SystemError) -> Descriptor {
        let number = rawValue
        return Descriptor(owning: try SystemCall.run("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 0) })
    }

    /// Makes reads and writes return EAGAIN where they would have to wait. Source: fcntl(2), O_NONBLOCK.
    public borrowing func setNonBlocking() throws(SystemError) {
        let number = rawValue
        let flags = try SystemCall.run("fcntl") { fcntl(number, F_GETFL) }
        _ = try SystemCall.run("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }
}
