internal import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, as its manual page is named.
    public let call: String
    /// What the kernel said.
    public let errno: Errno

    /// `call` failed with `errno`.
    public init(call: String, errno: Errno) {
        self.call = call
        self.errno = errno
    }

    /// As in `ftruncate: Operation not permitted`.
    public var description: String { "\(call): \(errno)" }
}

/// An error number of the kernel; errno(3).
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: CInt

    /// The error with this number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// ENOSYS: the kernel doesn't have the call.
    public static let noSystemCall = Errno(rawValue: ENOSYS)
    /// EMFILE: the process has no descriptor left.
    public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
    /// ENOMEM.
    public static let noMemory = Errno(rawValue: ENOMEM)
    /// EINTR: a signal came first.
    public static let interrupted = Errno(rawValue: EINTR)
    /// EPERM: a seal or the lack of a capability forbids it.
    public static let notPermitted = Errno(rawValue: EPERM)
    /// EACCES.
    public static let accessDenied = Errno(rawValue: EACCES)
    /// EPIPE: nobody reads any more.
    public static let brokenPipe = Errno(rawValue: EPIPE)
    /// ECONNRESET: the other end is gone.
    public static let connectionReset = Errno(rawValue: ECONNRESET)
    /// EBUSY.
    public static let busy = Errno(rawValue: EBUSY)
    /// EINVAL.
    public static let invalidArgument = Errno(rawValue: EINVAL)
    /// EEXIST.
    public static let exists = Errno(rawValue: EEXIST)
    /// EBADF.
    public static let badDescriptor = Errno(rawValue: EBADF)
    /// ENOENT.
    public static let noEntry = Errno(rawValue: ENOENT)
    /// EIO.
    public static let inputOutput = Errno(rawValue: EIO)
    /// EFBIG: a file has no room, or is to have none, for that.
    public static let fileTooLarge = Errno(rawValue: EFBIG)
    /// EAGAIN: it would have to wait.
    public static let wouldBlock = Errno(rawValue: EAGAIN)

    /// The system's sentence for it.
    public var description: String { unsafe String(cString: strerror(rawValue)) }
}
