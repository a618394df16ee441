internal import CLinux
internal import Glibc
package import SharedMemory

/// A connected TCP socket with unsent data and SO_LINGER, whose close waits: socket(7).
package final class LingeringSocket {
    private var socket: Descriptor?
    /// The other end, which reads nothing, and stays open as long as this object lives.
    private let peer: Descriptor

    /// Closing it takes so many seconds.
    package init(seconds: CInt) {
        let stream = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let listener = Descriptor(owning: Glibc.socket(AF_INET, stream, 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = Descriptor(owning: Glibc.socket(AF_INET, stream, 0))
        let client = socket.rawValue
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(unsafe bind(listener.rawValue, address, length) == 0)
                precondition(listen(listener.rawValue, 1) == 0)
                precondition(unsafe getsockname(listener.rawValue, address, &length) == 0)
                precondition(unsafe connect(client, address, length) == 0)
            }
        }
        peer = Descriptor(owning: accept(listener.rawValue, nil, nil))
        let flags = fcntl(client, F_GETFL)
        _ = fcntl(client, F_SETFL, flags | O_NONBLOCK)
        let bytes = [UInt8](repeating: 0, count: 65_536)
        while unsafe write(client, bytes, bytes.count) > 0 {}
        _ = fcntl(client, F_SETFL, flags)
        var option = linger(l_onoff: 1, l_linger: seconds)
        unsafe setsockopt(client, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        self.socket = consume socket
    }

    /// It, once.
    package func take() -> Descriptor { socket.take()! }
}
