import Glibc
import SharedMemory
import WaylandClient

/// What the client asks for, a million times.
///
/// The requests are written as bytes, many at once, so that the server always finds enough to do and its own speed is
/// what is measured.
enum Workload: String, CaseIterable {
    case damage = "wl_surface.damage_buffer"
    case attach = "wl_surface.attach"
    case commit = "wl_surface.commit, empty"
    case region = "wl_region create, add, destroy"
    case surface = "wl_surface create, destroy"

    /// How many requests one round has.
    var requests: Int {
        switch self {
        case .damage, .attach, .commit: 1
        case .region: 3
        case .surface: 2
        }
    }

    /// One round on the wire: object, opcode and arguments of each request.
    private func round(compositor: UInt32, surface: UInt32, new: UInt32) -> [UInt32] {
        func request(_ object: UInt32, _ opcode: UInt32, _ arguments: UInt32...) -> [UInt32] {
            [object, UInt32(8 + arguments.count * 4) << 16 | opcode] + arguments
        }
        switch self {
        case .damage: return request(surface, 9, 10, 1, 16, 16)
        case .attach: return request(surface, 1, 0, 0, 0)
        case .commit: return request(surface, 6)
        case .region:
            return request(compositor, 1, new) + request(new, 1, 0, 0, 10, 10) + request(new, 0)
        case .surface: return request(compositor, 0, new) + request(new, 0)
        }
    }

    /// Sends `rounds` rounds over `socket`, waits until they are served, and leaves.
    func run(_ rounds: Int, over socket: consuming Descriptor) throws {
        let raw = try socket.duplicate()
        let connection = try Connection(over: socket)
        let registry = connection.registry()
        var bound: WlCompositor?
        registry.onGlobal = { [unowned registry] name, interface, _ in
            if interface == "wl_compositor" { bound = registry.bind(name: name, as: WlCompositor.self, version: 4) }
        }
        try connection.roundTrip()
        guard let compositor = bound else { throw Connection.Failure.broken(errno: ENOTSUP) }
        let surface = compositor.createSurface()
        try connection.roundTrip()
        // From here on past the library.
        let new = max(compositor.id, surface.id) + 1
        let one = round(compositor: compositor.id, surface: surface.id, new: new)
        let batch = Array(repeatElement(one, count: 500).joined())
        var part = 0
        for _ in 0..<rounds / 500 {
            send(batch, to: raw)
            part = discard(from: raw, after: part)
        }
        // wl_display.sync, whose answer comes when all is done.
        send([1, 12 << 16, new], to: raw)
        waitForEvent(of: new, from: raw, after: part)
    }

    private func send(_ words: [UInt32], to socket: borrowing Descriptor) {
        let size = words.count * 4
        var sent = 0
        while sent < size {
            let count = unsafe words.withUnsafeBytes {
                unsafe write(socket.rawValue, $0.baseAddress! + sent, size - sent)
            }
            precondition(count > 0, "the server hung up")
            sent += count
        }
    }

    /// Numbers of objects that are gone come back as events of 12 bytes, which nobody needs here. Returns how many
    /// bytes of another one have come.
    private func discard(from socket: borrowing Descriptor, after part: Int) -> Int {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var total = part
        while case let count = unsafe recv(socket.rawValue, &bytes, bytes.count, CInt(MSG_DONTWAIT)), count > 0 {
            total += count
        }
        return total % 12
    }

    private func waitForEvent(of object: UInt32, from socket: borrowing Descriptor, after part: Int) {
        var event: [UInt32] = [0, 0, 0]
        var length = 12 - part
        while event[0] != object {
            precondition(
                unsafe recv(socket.rawValue, &event, length, CInt(MSG_WAITALL)) == length,
                "the server hung up"
            )
            length = 12
        }
    }
}
