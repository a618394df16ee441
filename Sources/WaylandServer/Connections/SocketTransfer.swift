internal import CLinux
internal import Glibc
internal import SharedMemory

/// sendmsg(2) and recvmsg(2) with descriptors, never waiting for the other end.
///
/// This is the third of three places with unsafe code at heart: control messages are laid out in plain memory. Each
/// call uses memory that is its own for that time.
enum SocketTransfer {
    /// SCM_MAX_FD: the most descriptors in a message. With less room the kernel drops the others in our thread, which
    /// then closes them, and waits for whoever made closing slow.
    static let descriptorLimit = 253
    enum Sent {
        case bytes(Int)
        case blocked
        /// No memory, or too many descriptors of this user are on their way in the whole system; unix(7).
        case congested
        case broken
    }

    /// Sends the bytes of `words` from `start` up to `end`, and `descriptors` with the first of them.
    static func send(
        _ words: [UInt32],
        from start: Int,
        to end: Int,
        with descriptors: ArraySlice<OutgoingDescriptor>,
        over socket: ConnectionSocket
    ) -> Sent {
        let number = socket.number
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        let count = unsafe words.withUnsafeBytes { bytes in
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if descriptors.isEmpty {
                return retrying { unsafe Glibc.send(number, part.baseAddress, part.count, flags) }
            }
            return unsafe withMessage(part, descriptors.map { $0.descriptor.rawValue }) { message in
                retrying { unsafe sendmsg(number, &message, flags) }
            }
        }
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EAGAIN: return .blocked
        case ENOBUFS, ENOMEM, ETOOMANYREFS: return .congested
        default: return .broken
        }
    }

    private static func withMessage(
        _ bytes: UnsafeRawBufferPointer,
        _ descriptors: [CInt],
        _ body: (inout msghdr) -> Int
    ) -> Int {
        let length = descriptors.count * MemoryLayout<CInt>.size
        return unsafe withUnsafeTemporaryAllocation(
            byteCount: signet_cmsg_space(length),
            alignment: MemoryLayout<cmsghdr>.alignment
        ) { control in
            unsafe control.initializeMemory(as: UInt8.self, repeating: 0)
            var part = unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                iov_len: bytes.count
            )
            return unsafe withUnsafeMutablePointer(to: &part) { part in
                var message = unsafe msghdr()
                unsafe message.msg_iov = part
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                let header = unsafe signet_cmsg_first(&message)!
                unsafe header.pointee.cmsg_level = SOL_SOCKET
                unsafe header.pointee.cmsg_type = CInt(SCM_RIGHTS)
                unsafe header.pointee.cmsg_len = signet_cmsg_len(length)
                unsafe signet_cmsg_descriptors(header).update(from: descriptors, count: descriptors.count)
                return unsafe body(&message)
            }
        }
    }

    enum Received {
        case bytes(Int)
        /// Nothing is there.
        case blocked
        /// The other end is closed.
        case end
        /// The kernel had to drop descriptors that came, as this process has no numbers left.
        case truncated
    }

    /// Receives into `bytes`; descriptors go to `queue`.
    static func receive(
        into bytes: UnsafeMutableRawBufferPointer,
        control: UnsafeMutableRawBufferPointer,
        descriptors queue: inout DescriptorQueue,
        over socket: ConnectionSocket
    ) -> Received {
        let number = socket.number
        var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
            var message = unsafe msghdr()
            unsafe message.msg_iov = part
            unsafe message.msg_iovlen = 1
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = control.count
            let flags = CInt(MSG_DONTWAIT) | CInt(MSG_CMSG_CLOEXEC)
            let count = retrying { unsafe recvmsg(number, &message, flags) }
            if count < 0 { return errno == EAGAIN ? .blocked : .end }
            if unsafe message.msg_controllen > 0 { unsafe collect(&message, into: &queue) }
            if unsafe message.msg_flags & CInt(MSG_CTRUNC) != 0 { return .truncated }
            return count == 0 ? .end : .bytes(count)
        }
    }

    @inline(never)
    private static func collect(_ message: inout msghdr, into queue: inout DescriptorQueue) {
        var header = unsafe signet_cmsg_first(&message)
        while let current = unsafe header {
            let bytes = unsafe current.pointee.cmsg_len - signet_cmsg_len(0)
            // SCM_PIDFD, which Swift doesn't import, is a descriptor too.
            let isDescriptors = unsafe [CInt(SCM_RIGHTS), 4].contains(current.pointee.cmsg_type)
            if unsafe isDescriptors && current.pointee.cmsg_level == SOL_SOCKET {
                for index in 0..<bytes / MemoryLayout<CInt>.size {
                    let number = unsafe signet_cmsg_descriptors(current)[index]
                    if number < 0 { continue }
                    if unsafe current.pointee.cmsg_type == CInt(SCM_RIGHTS) {
                        queue.append(number)
                    } else {
                        _ = Descriptor(owning: number)
                    }
                }
            }
            unsafe header = signet_cmsg_next(&message, current)
        }
    }

    enum Prospect {
        /// So many bytes can be received that no descriptors come with; 0 where the other end is closed.
        case plain(Int)
        case descriptors
        /// Nothing is there.
        case blocked
    }

    /// Looks what would be received; it stays where it is, and `bytes` is overwritten.
    static func peek(into bytes: UnsafeMutableRawBufferPointer, over socket: ConnectionSocket) -> Prospect {
        let number = socket.number
        var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
            var message = unsafe msghdr()
            unsafe message.msg_iov = part
            unsafe message.msg_iovlen = 1
            let flags = CInt(MSG_DONTWAIT) | CInt(MSG_PEEK)
            let count = retrying { unsafe recvmsg(number, &message, flags) }
            if count < 0 { return errno == EAGAIN ? .blocked : .plain(0) }
            return unsafe message.msg_flags & CInt(MSG_CTRUNC) != 0 ? .descriptors : .plain(count)
        }
    }

    /// Whether the peer has read everything that was sent. Source: tty_ioctl(4), TIOCOUTQ, which is SIOCOUTQ.
    static func isAllRead(_ socket: ConnectionSocket) -> Bool {
        var bytes: CInt = 0
        return unsafe ioctl(socket.number, UInt(TIOCOUTQ), &bytes) == 0 && bytes == 0
    }

    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let count = call()
            if count >= 0 || errno != EINTR { return count }
        }
    }
}

/// Where everybody's requests are received, one client at a time.
@safe
final class ReceiveBuffer {
    /// The most that is received at a time.
    static let chunk = 16_384
    /// Room for 253 descriptors, and for what else a socket can be set to add: credentials, a security label, a
    /// process.
    private static let controlSize = 4_096

    private let bytes: UnsafeMutableRawBufferPointer
    private let control: UnsafeMutableRawBufferPointer

    init() {
        // Up to seven bytes of a message's beginning stand before what is received.
        unsafe bytes = .allocate(byteCount: Self.chunk + 8, alignment: 64)
        unsafe control = .allocate(byteCount: Self.controlSize, alignment: MemoryLayout<cmsghdr>.alignment)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe control.deallocate()
    }

    /// Writes the beginning of a message to the buffer's start.
    func begin(with start: some Collection<UInt8>) {
        unsafe bytes.copyBytes(from: start)
    }

    /// As ``SocketTransfer/peek(into:over:)``. What stands before the eighth byte stays.
    func peek(over socket: ConnectionSocket) -> SocketTransfer.Prospect {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[8..<8 + Self.chunk])
        return unsafe SocketTransfer.peek(into: part, over: socket)
    }

    /// Receives to `offset`, which is below eight; `limit` bytes at most.
    func receive(
        at offset: Int,
        limit: Int = ReceiveBuffer.chunk,
        descriptors: inout DescriptorQueue,
        over socket: ConnectionSocket
    ) -> SocketTransfer.Received {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + limit])
        return unsafe SocketTransfer.receive(
            into: part,
            control: control,
            descriptors: &descriptors,
            over: socket
        )
    }

    /// Lends what stands in the buffer; `offset` is a multiple of four where words are read.
    func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe body(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
}
