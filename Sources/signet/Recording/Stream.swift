import ArgumentParser
import Glibc
import SharedMemory
import VideoChannel

/// `signet stream`: the same video to whoever listens, as it comes.
struct Stream: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends a video of what an output shows to a receiver.",
        discussion: """
            An MPEG transport stream of H.264 in datagrams, without delay, as 'ffplay udp://HOST:PORT' and VLC's \
            'udp://@:PORT' receive it. A receiver can come at any time: there is a whole picture every two seconds, \
            and what stays as it is is sent again each second. Nobody hears whether anything arrives.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var video: VideoOptions

    @Argument(help: .init("Where to, as udp://127.0.0.1:5000 or udp://[::1]:5000.", valueName: "udp://HOST:PORT"))
    var receiver: String

    func validate() throws { _ = try Address(receiver) }

    func run() throws {
        var plan = video.plan(.transportStream)
        plan.repetition = 1_000_000_000
        let address = try Address(receiver)
        try Recording(server, video, plan, name: receiver).run(ready: nil) {
            VideoFile(try address.connect(), madeAt: nil)
        }
    }

    /// Where datagrams go.
    struct Address {
        let host: String
        let port: String

        init(_ text: String) throws {
            let example = "write it as udp://127.0.0.1:5000"
            guard text.hasPrefix("udp://") else {
                throw ValidationError("'\(text)' is no receiver that can be reached; \(example)")
            }
            let rest = text.dropFirst("udp://".count)
            guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0
            else {
                throw ValidationError("'\(text)' has no port; \(example)")
            }
            var host = rest[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            guard !host.isEmpty else { throw ValidationError("'\(text)' has no host; \(example)") }
            (self.host, self.port) = (String(host), String(port))
        }

        /// A socket that sends there; getaddrinfo(3).
        func connect() throws -> Descriptor {
            var hints = unsafe addrinfo()
            unsafe hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let error = unsafe getaddrinfo(host, port, &hints, &list)
            guard error == 0 else {
                throw Failure("'\(host)' isn't known: \(unsafe String(cString: gai_strerror(error)))")
            }
            defer { unsafe freeaddrinfo(list) }
            var last: CInt = 0
            var entry = unsafe list
            while let address = unsafe entry?.pointee {
                let type = unsafe address.ai_socktype | CInt(SOCK_CLOEXEC.rawValue)
                let number = unsafe socket(address.ai_family, type, address.ai_protocol)
                if number >= 0 {
                    let descriptor = Descriptor(owning: number)
                    if unsafe Glibc.connect(number, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
                }
                last = errno
                unsafe entry = address.ai_next
            }
            throw Failure("'\(host)' can't be reached: \(unsafe String(cString: strerror(last)))")
        }
    }
}
