internal import CLinux
internal import Glibc
package import SharedMemory

/// One end of a connection, as bytes, events and descriptors. It knows no interface and checks nothing that is sent, so
/// that it can send what no library would.
package final class RawSocket {
    /// The socket.
    package let descriptor: Descriptor
    private var received: [UInt8] = []
    /// How many descriptors each message that came had with it, where there were any.
    package private(set) var descriptorCounts: [Int] = []
    /// Those that came and weren't taken.
    package var descriptors = DescriptorList()

    /// Takes over a connected socket.
    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Connects to the socket at a path; ECONNREFUSED or ENOENT where nobody listens, EAGAIN where nobody takes
    /// connections for `patience` milliseconds.
    package convenience init(path: String, patience: Int = 2_000) throws(SystemError) {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(owning: try SystemCall.run("socket") { socket(AF_UNIX, kind, 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError(call: "connect", errno: Errno(rawValue: ENAMETOOLONG))
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let number = descriptor.rawValue
        let end = Moment.now + Moment.milliseconds(patience)
        while true {
            do throws(SystemError) {
                _ = try SystemCall.run("connect") {
                    unsafe withUnsafePointer(to: &address) { pointer in
                        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                        }
                    }
                }
                break
            } catch {
                // The queue of those who wait is full.
                guard error.errno == .wouldBlock, Moment.now < end else { throw error }
                usleep(10_000)
            }
        }
        _ = fcntl(number, F_SETFL, 0)
        self.init(descriptor)
    }

    /// Sends words, with descriptors; false where the socket takes no more or is closed.
    @discardableResult
    package func send(_ words: [UInt32], with descriptors: borrowing DescriptorList = DescriptorList()) -> Bool {
        unsafe words.withUnsafeBytes { buffer in
            guard descriptors.count == 0 else {
                return unsafe (try? descriptor.send(buffer.bytes, with: descriptors)) != nil
            }
            return unsafe transmit(buffer) == buffer.count
        }
    }

    /// Sends bytes without waiting; how many were taken, or -1.
    @discardableResult
    package func send(bytes: [UInt8]) -> Int {
        unsafe bytes.withUnsafeBytes { unsafe transmit($0) }
    }

    private func transmit(_ buffer: UnsafeRawBufferPointer) -> Int {
        unsafe Glibc.send(
            descriptor.rawValue,
            buffer.baseAddress,
            buffer.count,
            CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
        )
    }

    /// Waits until there is something to read, or the connection is over; false when the time is.
    package func waitForInput(milliseconds: Int32) -> Bool {
        wait(for: POLLIN, milliseconds: milliseconds)
    }

    /// Waits until there is room for more.
    package func waitForRoom(milliseconds: Int32) -> Bool {
        wait(for: POLLOUT, milliseconds: milliseconds)
    }

    private func wait(for events: CInt, milliseconds: Int32) -> Bool {
        var item = pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0)
        return unsafe poll(&item, 1, milliseconds) > 0
    }

    /// Reads at most, in a row: whoever sends without end isn't to be listened to without end.
    private static let readLimit = 64
    /// Bytes that may wait for the rest of an event; the largest has 65,535.
    private static let partLimit = 8 << 20

    /// Takes in what has come, some megabytes at most; false once the connection is closed or broken.
    @discardableResult
    package func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var control = [UInt8](repeating: 0, count: 1_100)
        for _ in 0..<Self.readLimit {
            guard received.count < Self.partLimit else { return false }
            var count = 0
            unsafe chunk.withUnsafeMutableBytes { bytes in
                var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                unsafe control.withUnsafeMutableBytes { control in
                    unsafe withUnsafeMutablePointer(to: &part) { part in
                        var message = unsafe msghdr()
                        unsafe message.msg_iov = part
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        let flags = CInt(MSG_DONTWAIT) | CInt(MSG_CMSG_CLOEXEC)
                        count = unsafe recvmsg(descriptor.rawValue, &message, flags)
                        guard count > 0, let header = unsafe signet_cmsg_first(&message) else { return }
                        let number = unsafe (header.pointee.cmsg_len - signet_cmsg_len(0)) / 4
                        descriptorCounts.append(number)
                        for index in 0..<number {
                            descriptors.append(Descriptor(owning: unsafe signet_cmsg_descriptors(header)[index]))
                        }
                    }
                }
            }
            if count == 0 { return false }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN
            }
            received += chunk[..<count]
        }
        return true
    }

    /// The whole events that have come and weren't taken.
    package func takeEvents() -> [RawEvent] {
        var events: [RawEvent] = []
        var at = 0
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(received[offset + $1]) << UInt32($1 * 8) }
        }
        while received.count - at >= 8 {
            let size = Int(word(at + 4) >> 16)
            // What a server sends that is no event is left there, and no answer is found.
            guard size >= 8, received.count - at >= size else { break }
            let words = stride(from: at + 8, through: at + size - 4, by: 4).map(word)
            events.append(RawEvent(object: word(at), opcode: word(at + 4) & 0xffff, words: words))
            at += size
        }
        received.removeFirst(at)
        return events
    }

    /// Has the other end see that nothing more comes.
    package func finishSending() { _ = shutdown(descriptor.rawValue, CInt(SHUT_WR)) }
}
