import Glibc
import SharedMemory

/// Writes all of `bytes` to an open descriptor, however its reader likes to read. The error is that of write(2).
func writeAll(_ bytes: some Sequence<UInt8>, to number: CInt) throws(SystemError) {
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
