internal import CLinux
internal import Glibc
internal import Logging
internal import SharedMemory
internal import WaylandServer

/// Lets clients in at the listening socket, as long as there is room for them.
///
/// A descriptor is kept in reserve: when all others are used up, it is spent on taking the newest connection and
/// closing it, so that the client hears of it and the socket doesn't stay readable for ever. Who is turned away is
/// logged once a burst.
final class Doorkeeper {
    private let socket: ListeningSocket
    private unowned let compositor: Compositor
    private let log: Logger
    private var source: EventLoop.Source?
    private var reserve: Descriptor?
    private var isTurningAway = false

    init(_ socket: consuming ListeningSocket, compositor: Compositor, log: Logger) {
        let number = socket.descriptorNumber
        self.socket = socket
        self.compositor = compositor
        self.log = log
        reserve = Self.makeReserve()
        source = compositor.display.loop.watch(number, for: .readable) { [unowned self] _ in admit() }
    }

    deinit {
        source?.remove()
    }

    private static func makeReserve() -> Descriptor? {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        return number < 0 ? nil : Descriptor(owning: number)
    }

    private func admit() {
        switch socket.accept() {
        case .nobody: break
        case .client(let descriptor):
            enlargeSendBuffer(of: descriptor)
            if compositor.connect(descriptor) != nil { isTurningAway = false }
        case .noDescriptor:
            if !isTurningAway { log.warning("descriptors have run out; new clients are turned away") }
            isTurningAway = true
            reserve = nil
            if case .client = socket.accept() {}
            reserve = Self.makeReserve()
        }
    }

    /// Events to a client that reads slowly wait in the kernel; what doesn't fit there ends the client.
    private func enlargeSendBuffer(of descriptor: borrowing Descriptor) {
        var bytes: CInt = 1 << 20
        unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<CInt>.size))
    }
}
