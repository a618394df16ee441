import Glibc
import SharedMemory

/// A socket that waits for a sender, at `tcp://HOST:PORT` or `unix:PATH`.
final class ListeningSocket {
    let descriptor: Descriptor
    /// Where it is; with the port that the kernel chose, where that was to be any: 0.
    let address: String
    private let path: String?

    init(_ address: String) throws {
        let words = address.hasPrefix("tcp://") ? address.dropFirst("tcp://".count).split(separator: ":") : []
        if address.hasPrefix("unix:") {
            let path = String(address.dropFirst("unix:".count))
            descriptor = try Self.unixSocket(at: path)
            (self.address, self.path) = (address, path)
        } else if words.count == 2, let port = UInt16(words[1]) {
            descriptor = try Self.internetSocket(host: String(words[0]), port: port)
            self.address = "tcp://\(words[0]):\(try Self.port(of: descriptor))"
            path = nil
        } else {
            throw Failure("pictures come to tcp://HOST:PORT, with a host as 127.0.0.1, or unix:PATH")
        }
    }

    deinit {
        if let path { _ = unsafe unlink(path) }
    }

    /// The first sender.
    func accept() throws(SystemError) -> Descriptor {
        let number = descriptor.rawValue
        return Descriptor(owning: try SystemCall.run("accept") { Glibc.accept(number, nil, nil) })
    }

    private static func socket(_ family: CInt) throws(SystemError) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        return Descriptor(owning: try SystemCall.run("socket") { Glibc.socket(family, type, 0) })
    }

    private static func unixSocket(at path: String) throws -> Descriptor {
        var place = sockaddr_un()
        let room = MemoryLayout.size(ofValue: place.sun_path)
        guard !path.isEmpty, path.utf8.count < room else { throw Failure("the path has 1 to \(room - 1) bytes") }
        place.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &place.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let descriptor = try socket(AF_UNIX)
        try listen(descriptor, at: &place)
        return descriptor
    }

    private static func internetSocket(host: String, port: UInt16) throws -> Descriptor {
        var place = sockaddr_in()
        guard unsafe inet_pton(AF_INET, host, &place.sin_addr) == 1 else {
            throw Failure("'\(host)' isn't an address as 127.0.0.1 or 0.0.0.0")
        }
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        let descriptor = try socket(AF_INET)
        var one: CInt = 1
        let number = descriptor.rawValue
        unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        try listen(descriptor, at: &place)
        return descriptor
    }

    private static func port(of descriptor: borrowing Descriptor) throws(SystemError) -> UInt16 {
        let number = descriptor.rawValue
        var place = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = try SystemCall.run("getsockname") {
            unsafe withUnsafeMutableBytes(of: &place) {
                unsafe getsockname(number, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
            }
        }
        return UInt16(bigEndian: place.sin_port)
    }

    private static func listen<Place>(
        _ descriptor: borrowing Descriptor,
        at place: inout Place
    ) throws(SystemError) {
        let number = descriptor.rawValue
        _ = try SystemCall.run("bind") {
            unsafe withUnsafeBytes(of: &place) {
                unsafe bind(number, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
        }
        _ = try SystemCall.run("listen") { Glibc.listen(number, 1) }
    }
}
