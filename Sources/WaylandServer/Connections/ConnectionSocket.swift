internal import CLinux
internal import Glibc
internal import SharedMemory

/// A connection's socket, which outlives its client for as long as an error is to be read.
///
/// Closing it is for ``Disposal``: with the socket go the descriptors that are unread in its queue, and closing those
/// takes as long as the client likes.
final class ConnectionSocket {
    let number: CInt
    private let user: UInt32

    init(_ socket: consuming Descriptor, of user: UInt32) {
        number = socket.relinquish()
        self.user = user
        // An urgent byte is one like others. Otherwise the kernel drops it when we receive, and in our thread closes
        // the descriptors that came with it.
        var yes: CInt = 1
        unsafe setsockopt(number, SOL_SOCKET, SO_OOBINLINE, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit {
        // The other end hears of it at once, and nothing comes in any more.
        shutdown(number, CInt(SHUT_RDWR))
        var byte: UInt8 = 0
        if unsafe recv(number, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) == 0 {
            Disposal.close(emptyConnection: number, from: user)
        } else {
            _ = Descriptor(received: number, from: user, seals: nil)
        }
    }
}
