internal import CLinux
internal import Glibc

extension Descriptor {
    /// Writes all of `bytes` from byte `offset` on.
    ///
    /// EPERM where a seal forbids it, EBADF where it isn't open for writing, ENOSPC where the file system is full.
    /// Waits for whoever else holds the file's lock. Source: pwrite(2).
    public borrowing func pwrite(_ bytes: RawSpan, at offset: Int64) throws(SystemError) {
        let number = rawValue
        try unsafe bytes.withUnsafeBytes { (buffer) throws(SystemError) in
            var done = 0
            while done < buffer.count {
                let count = try SystemCall.run("pwrite") {
                    unsafe Glibc.pwrite(number, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + done)
                }
                // No file system says so of a regular file, and trying for ever helps nobody.
                if count == 0 { throw SystemError(call: "pwrite", errno: .inputOutput) }
                done += count
            }
        }
    }

    /// Throws where writing before byte `end` would make the file longer: where it is shorter than that, or open for
    /// appending, when pwrite(2) heeds no offset. Its owner can make it so at any time.
    public borrowing func checkWritableInPlace(upTo end: Int64) throws(SystemError) {
        let number = rawValue
        let flags = try SystemCall.run("fcntl") { fcntl(number, F_GETFL) }
        if flags & O_APPEND != 0 { throw SystemError(call: "pwrite", errno: .invalidArgument) }
        var status = stat()
        _ = try SystemCall.run("fstat") { unsafe fstat(number, &status) }
        if Int64(status.st_size) < end { throw SystemError(call: "pwrite", errno: .fileTooLarge) }
    }
}

/// Writes all of `bytes` to an open descriptor, however its reader likes to read. The error is that of write(2).
package func writeAll(_ bytes: some Sequence<UInt8>, to number: CInt) throws(SystemError) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
        if count >= 0 {
            rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
            // A stream that another program made non-blocking.
            var poller = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            unsafe poll(&poller, 1, -1)
        } else if errno != EINTR {
            throw SystemError(call: "write", errno: Errno(rawValue: errno))
        }
    }
}
