import Glibc
import SharedMemory

/// Texts of a fixed size over a socket, so that neither end has to look for a text's end.
enum Message {
    private static let size = 256

    /// Sends `text`, and `descriptors` with it.
    static func send(
        _ text: String,
        with descriptors: borrowing DescriptorList,
        over socket: borrowing Descriptor
    ) throws {
        var bytes = Array(text.utf8.prefix(size))
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
        try socket.send(unsafe bytes.span.bytes, with: descriptors)
    }

    /// Receives a text, and `count` descriptors with it.
    static func receive(
        _ count: Int = 0,
        over socket: borrowing Descriptor
    ) throws -> (text: String, descriptors: DescriptorBox) {
        var bytes = [UInt8](repeating: 0, count: size)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        let descriptors = try socket.receive(into: &raw, expecting: count)
        return (String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self), DescriptorBox(descriptors))
    }
}

/// Holds a list where only copyable values may be, as in a tuple.
final class DescriptorBox {
    var list: DescriptorList

    init(_ list: consuming DescriptorList) {
        self.list = list
    }
}

/// The other process: this program again, which reads what the writer shares.
///
/// Started anew and not forked: after fork(2) without exec(2) a Swift process may do next to nothing.
final class ReaderProcess {
    /// How it ended.
    enum Ending: Equatable, CustomStringConvertible {
        case exited(CInt)
        case killed(CInt)

        private static let names = [SIGBUS: "SIGBUS", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGILL: "SIGILL"]

        var description: String {
            switch self {
            case .exited(let status): "ended with status \(status)"
            case .killed(let signal): "was killed by \(Self.names[signal] ?? "signal \(signal)")"
            }
        }
    }

    /// Its process number.
    let process: pid_t
    private var socket: Descriptor?
    private var ending: Ending?

    /// Starts one for `arguments`, as ``Reader`` understands them. It finds its end of a socket as descriptor 3.
    init(_ arguments: [String]) throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw SystemError(call: "socketpair", errno: Errno(rawValue: errno))
        }
        let mine = Descriptor(owning: ends[0])
        let its = Descriptor(owning: ends[1])
        // A reader that hangs must not hang the tour while memory with a name is about.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(mine.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, its.rawValue, Reader.socketNumber)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words = ["shared-memory-tour", Reader.option] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var process: pid_t = 0
        let error = unsafe posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &pointers, environ)
        guard error == 0 else { throw SystemError(call: "posix_spawn", errno: Errno(rawValue: error)) }
        self.process = process
        socket = consume mine
        _ = consume its
        _ = try answer()
    }

    deinit {
        guard ending == nil else { return }
        _ = Glibc.kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Asks for something, and returns the answer.
    func ask(_ text: String, with descriptors: consuming DescriptorList = DescriptorList()) throws -> String {
        try tell(text, with: descriptors)
        return try answer()
    }

    /// Asks for something that it may not survive.
    func tell(_ text: String, with descriptors: consuming DescriptorList = DescriptorList()) throws {
        switch socket {
        case .some(let socket): try Message.send(text, with: descriptors, over: socket)
        case .none: throw DescriptorPassingError.closed
        }
    }

    private func answer() throws -> String {
        switch socket {
        case .some(let socket): return try Message.receive(over: socket).text
        case .none: throw DescriptorPassingError.closed
        }
    }

    /// Kills it, as a crash would.
    func kill() -> Ending {
        _ = Glibc.kill(process, SIGKILL)
        return end()
    }

    /// Closes the socket, upon which a reader ends, and waits for that.
    func end() -> Ending {
        if let ending { return ending }
        socket = nil
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        let result: Ending = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
        ending = result
        return result
    }
}

/// Runs `body` with Ctrl-C and the like waiting until it is over: it makes something with a name, and removes it.
func withoutInterruption<R>(_ body: () throws -> R) rethrows -> R {
    var (blocked, before) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&blocked)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { unsafe sigaddset(&blocked, signal) }
    unsafe sigprocmask(SIG_BLOCK, &blocked, &before)
    defer { unsafe sigprocmask(SIG_SETMASK, &before, nil) }
    return try body()
}
