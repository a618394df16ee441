internal import Glibc
internal import SharedMemory
public import WaylandClient

/// Connects to a compositor, and doesn't wait for one that accepts no connection, as a stopped one whose queue is full.
public enum ServerConnection {
    /// The socket called `name`, or WAYLAND_DISPLAY's, or an absolute path, as libwayland finds it; WAYLAND_SOCKET
    /// comes first. Waits `timeout` seconds at most.
    public static func open(_ name: String?, timeout: Double) throws(Connection.Failure) -> Connection {
        let display = name ?? environmentValue("WAYLAND_DISPLAY") ?? "wayland-0"
        guard environmentValue("WAYLAND_SOCKET") == nil else { return try Connection(to: name) }
        let isPath = display.utf8.first == UInt8(ascii: "/")
        let path = isPath ? display : (environmentValue("XDG_RUNTIME_DIR") ?? "") + "/" + display
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unreachable(errno: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw .unreachable(errno: errno) }
        let descriptor = Descriptor(owning: number)
        let end = ContinuousClock.now + .seconds(timeout)
        while true {
            let result = unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return try Connection(over: descriptor) }
            // EAGAIN: the queue is full; connect(2). There is nothing to poll for.
            guard errno == EAGAIN || errno == EINTR else { throw .unreachable(errno: errno) }
            guard ContinuousClock.now < end else { throw .unreachable(errno: ETIMEDOUT) }
            usleep(10_000)
        }
    }

    private static func environmentValue(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
