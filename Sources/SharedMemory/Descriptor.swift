internal import CLinux
internal import Glibc
internal import Synchronization

/// A file descriptor with one owner, closed when the owner lets go of it.
///
/// `recvmsg` and the kernel hand over plain integers; from there on a descriptor travels as this
/// noncopyable type, so that no error path can leak it or close it twice. What another process sent is closed by
/// ``Disposal``, as that process may have chosen how long closing takes.
public struct Descriptor: ~Copyable, Sendable {
    /// Where the descriptor comes from, which decides who closes it.
    private enum Origin {
        /// Made here: closing it takes no time.
        case own
        /// Made here: closing the last of its copies may free much memory.
        case ownMemory(OwnMemory)
        /// Sent by a process of this user.
        case received(user: UInt32, seals: Seals?)
    }

    /// Memory of our own that has a descriptor, or several.
    private final class OwnMemory: Sendable {
        let descriptorCount = Atomic(1)

        /// One of them is to be closed, or isn't ours any more; whether it is the last.
        func release() -> Bool { descriptorCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
    }

    /// The number the kernel knows it by. Valid only while this value lives.
    public let rawValue: CInt
    private let origin: Origin
    private var isRelinquished = false

    /// Takes over `rawValue`, an open descriptor that nobody else closes.
    public init(owning rawValue: CInt) {
        self.init(rawValue, .own)
    }

    /// Takes over `rawValue`, which a process of `user` sent: it is closed by ``Disposal``, once that was started.
    ///
    /// The kernel is asked one question, F_GET_SEALS, which no file system, driver or peer is asked.
    public init(received rawValue: CInt, from user: UInt32) {
        self.init(received: rawValue, from: user, seals: Seals(of: rawValue))
    }

    /// As above, where the question was asked already.
    package init(received rawValue: CInt, from user: UInt32, seals: Seals?) {
        self.init(rawValue, .received(user: user, seals: seals))
    }

    /// The seals that it carried when it was received; nil where it isn't memory, and for descriptors of our own. Seals
    /// may have been added since, and none taken away.
    public var sealsOnArrival: Seals? {
        if case .received(_, let seals) = origin { seals } else { nil }
    }

    /// Takes over memory of our own, whose last copy is closed by ``Disposal`` as well.
    init(owningMemory rawValue: CInt) {
        self.init(rawValue, .ownMemory(OwnMemory()))
    }

    private init(_ rawValue: CInt, _ origin: Origin) {
        self.rawValue = rawValue
        self.origin = origin
    }

    deinit {
        var freesMemory = false
        if case .ownMemory(let memory) = origin { freesMemory = memory.release() }
        if isRelinquished { return }
        switch origin {
        case .received(let user, let seals): Disposal.close(rawValue, from: user, isMemory: seals != nil)
        case .own, .ownMemory:
            // Also after EINTR the number is free again: close(2).
            if freesMemory { Disposal.close(rawValue) } else { _ = Glibc.close(rawValue) }
        }
    }

    /// Gives up ownership: the caller closes the returned number.
    public consuming func relinquish() -> CInt {
        isRelinquished = true
        return rawValue
    }

    /// Another descriptor of the same open file, which doesn't survive exec. Source: fcntl(2), F_DUPFD_CLOEXEC.
    public borrowing func duplicate() throws(SystemError) -> Descriptor {
        let number = rawValue
        let copy = try SystemCall.run("fcntl") { fcntl(number, F_DUPFD_CLOEXEC, 0) }
        DescriptorTable.note(copy)
        if case .ownMemory(let memory) = origin { memory.descriptorCount.add(1, ordering: .relaxed) }
        // Closing a copy of a stranger's file asks its file system too.
        return Descriptor(copy, origin)
    }

    /// Whether it names a file and gives no access to it. Source: open(2), O_PATH.
    public borrowing func isPathOnly() throws(SystemError) -> Bool {
        let number = rawValue
        return try SystemCall.run("fcntl") { fcntl(number, F_GETFL) } & SIGNET_O_PATH != 0
    }

    /// Makes reads and writes return EAGAIN where they would have to wait. Source: fcntl(2), O_NONBLOCK.
    public borrowing func setNonBlocking() throws(SystemError) {
        let number = rawValue
        let flags = try SystemCall.run("fcntl") { fcntl(number, F_GETFL) }
        _ = try SystemCall.run("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }
}
