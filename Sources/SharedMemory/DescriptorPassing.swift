internal import CLinux
internal import Glibc

/// What can go wrong while descriptors arrive. Whatever had arrived is closed.
public enum DescriptorPassingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The other end is gone, perhaps in the middle of the message.
    case closed
    /// The kernel dropped descriptors that came: there were more than expected, or this process has none left.
    case truncated
    /// The message came with another number of descriptors.
    case wrongCount(expected: Int, received: Int)
    /// recvmsg(2) failed.
    case system(SystemError)

    /// As in `1 descriptor came with the message where 2 belong to it`.
    public var description: String {
        switch self {
        case .closed: "the other end closed the connection before the message was complete"
        case .truncated: "descriptors that came with the message were dropped: too many, or none left in this process"
        case .wrongCount(let expected, let received):
            "\(received) descriptors came with the message where \(expected) belong to it"
        case .system(let error): "\(error)"
        }
    }
}

/// Over a Unix socket; unix(7), SCM_RIGHTS. A message has at least one byte and at most 253 descriptors.
extension Descriptor {
    /// Sends all of `bytes`, and with the first of them `descriptors`, which stay the sender's as well.
    ///
    /// EPIPE where the other end is gone, EINVAL for too many descriptors.
    public borrowing func send(_ bytes: RawSpan, with descriptors: borrowing DescriptorList) throws(SystemError) {
        let socket = rawValue
        var rest = descriptors.rawValues
        try unsafe bytes.withUnsafeBytes { (buffer) throws(SystemError) in
            precondition(unsafe !buffer.isEmpty, "descriptors travel with at least one byte")
            var done = 0
            while done < buffer.count {
                let part = unsafe UnsafeMutableRawBufferPointer(
                    mutating: UnsafeRawBufferPointer(rebasing: buffer[done...])
                )
                done += try unsafe withMessage(part, capacity: rest.count) { (message) throws(SystemError) in
                    if !rest.isEmpty { unsafe write(rest, to: &message) }
                    return try SystemCall.run("sendmsg") {
                        unsafe sendmsg(socket, &message, CInt(MSG_NOSIGNAL))
                    }
                }
                rest = []
            }
        }
    }

    /// Receives until `bytes` is full, and the `expected` number of descriptors that came with them.
    ///
    /// They are closed on exec. Where fewer or more came, or the kernel dropped some, all of them are closed.
    /// `inOnePiece` is for sockets that keep messages apart, and has a shorter one fail as
    /// ``DescriptorPassingError/truncated``.
    public borrowing func receive(
        into bytes: inout MutableRawSpan,
        expecting expected: Int,
        inOnePiece: Bool = false
    ) throws(DescriptorPassingError) -> DescriptorList {
        let socket = rawValue
        var descriptors = DescriptorList()
        var isTruncated = false
        try unsafe bytes.withUnsafeMutableBytes { (buffer) throws(DescriptorPassingError) in
            var done = 0
            while done < buffer.count {
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let count: Int
                do throws(SystemError) {
                    count = try unsafe withMessage(part, capacity: expected) { (message) throws(SystemError) in
                        let count = try SystemCall.run("recvmsg") {
                            unsafe recvmsg(socket, &message, CInt(MSG_CMSG_CLOEXEC))
                        }
                        unsafe collect(from: &message, into: &descriptors)
                        if unsafe message.msg_flags & CInt(MSG_CTRUNC) != 0 { isTruncated = true }
                        return count
                    }
                } catch {
                    throw .system(error)
                }
                if count == 0 { throw .closed }
                done += count
                if inOnePiece, done < buffer.count {
                    isTruncated = true
                    break
                }
            }
        }
        if isTruncated { throw .truncated }
        guard descriptors.count == expected else {
            throw .wrongCount(expected: expected, received: descriptors.count)
        }
        return descriptors
    }
}

/// For sockets that nobody waits at.
extension Descriptor {
    /// As many descriptors as a message may carry: SCM_MAX_FD.
    package static let passingLimit = 253

    /// Sends what there is room for of `bytes`, which isn't empty, and with the first byte `descriptors`, numbers that
    /// stay the caller's. Returns how many bytes that were; EAGAIN where there is room for none.
    package borrowing func sendAvailable(
        _ bytes: RawSpan,
        with descriptors: [CInt]
    ) throws(SystemError) -> Int {
        let socket = rawValue
        return try unsafe bytes.withUnsafeBytes { (buffer) throws(SystemError) in
            let part = unsafe UnsafeMutableRawBufferPointer(mutating: buffer)
            return try unsafe withMessage(part, capacity: descriptors.count) { (message) throws(SystemError) in
                if !descriptors.isEmpty { unsafe write(descriptors, to: &message) }
                return try SystemCall.run("sendmsg") {
                    unsafe sendmsg(socket, &message, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
                }
            }
        }
    }

    /// Receives what has come, as much as `bytes` takes; 0 where the other end is closed, EAGAIN where nothing came.
    /// Descriptors go to the end of the list.
    package borrowing func receiveAvailable(
        into bytes: inout MutableRawSpan,
        descriptors: inout DescriptorList
    ) throws(SystemError) -> Int {
        let socket = rawValue
        return try unsafe bytes.withUnsafeMutableBytes { (buffer) throws(SystemError) in
            try unsafe withMessage(buffer, capacity: Self.passingLimit) { (message) throws(SystemError) in
                let count = try SystemCall.run("recvmsg") {
                    unsafe recvmsg(socket, &message, CInt(MSG_CMSG_CLOEXEC) | CInt(MSG_DONTWAIT))
                }
                unsafe collect(from: &message, into: &descriptors)
                return count
            }
        }
    }
}

/// A message around `bytes` with room for `capacity` descriptors.
private func withMessage(
    _ bytes: UnsafeMutableRawBufferPointer,
    capacity: Int,
    _ body: (inout msghdr) throws(SystemError) -> Int
) throws(SystemError) -> Int {
    let room = capacity == 0 ? 0 : signet_cmsg_space(capacity * MemoryLayout<CInt>.size)
    let control = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: MemoryLayout<cmsghdr>.alignment)
    defer { unsafe control.deallocate() }
    var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
    return try unsafe withUnsafeMutablePointer(to: &part) { (part) throws(SystemError) in
        var message = unsafe msghdr()
        unsafe message.msg_iov = part
        unsafe message.msg_iovlen = 1
        if room > 0 {
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = room
        }
        return try unsafe body(&message)
    }
}

private func write(_ numbers: [CInt], to message: inout msghdr) {
    let header = unsafe signet_cmsg_first(&message)!
    unsafe header.pointee.cmsg_level = SOL_SOCKET
    unsafe header.pointee.cmsg_type = CInt(SCM_RIGHTS)
    unsafe header.pointee.cmsg_len = signet_cmsg_len(numbers.count * MemoryLayout<CInt>.size)
    unsafe signet_cmsg_descriptors(header).update(from: numbers, count: numbers.count)
}

private func collect(from message: inout msghdr, into descriptors: inout DescriptorList) {
    var header = unsafe signet_cmsg_first(&message)
    while let current = unsafe header {
        let isRights =
            unsafe current.pointee.cmsg_level == SOL_SOCKET
            && current.pointee.cmsg_type == CInt(SCM_RIGHTS)
        if isRights {
            let count = unsafe (current.pointee.cmsg_len - signet_cmsg_len(0)) / MemoryLayout<CInt>.size
            for index in 0..<count {
                descriptors.append(Descriptor(owning: unsafe signet_cmsg_descriptors(current)[index]))
            }
        }
        unsafe header = signet_cmsg_next(&message, current)
    }
}
