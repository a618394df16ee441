import CLinux
import Glibc
import SharedMemory

/// The compositor that the client's messages go to: an ordinary Signet in a process of its own, or one that was there.
final class InnerCompositor {
    static let socketName = "compositor"
    /// Nil for one that runs already.
    private let program: ChildProgram?
    private let folder: String
    private let path: String

    /// Starts `signet` and waits until it takes connections in `folder`.
    init(signet: String, folder: String) throws(CheckFailure) {
        self.folder = folder
        path = folder + "/" + Self.socketName
        var environment = ProcessEnvironment.current
        environment["XDG_RUNTIME_DIR"] = folder
        let program = try ChildProgram(
            [
                signet, "run", "--socket", Self.socketName, "--shm-policy", "copy", "--output", "1280x720",
                "--log-level", "error",
            ],
            environment: environment
        )
        self.program = program
        for _ in 0..<2_000 {
            if connect() != nil { return }
            guard program.isRunning else { throw CheckFailure("the compositor doesn't start: \(program.lastLine)") }
            usleep(5_000)
        }
        throw CheckFailure("the compositor doesn't take connections; is the machine overloaded?")
    }

    /// One that runs already, by its socket: a name in XDG_RUNTIME_DIR, or a path.
    init(against socket: String) throws(CheckFailure) {
        (folder, program) = ("", nil)
        let isPath = socket.utf8.first == UInt8(ascii: "/")
        path = isPath ? socket : (ProcessEnvironment.current["XDG_RUNTIME_DIR"] ?? "") + "/" + socket
        guard connect() != nil else {
            throw CheckFailure("no compositor takes connections at \(path); name the socket of one that runs")
        }
    }

    /// A connection of its own for each that the client makes.
    func connect() -> Descriptor? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        // One that takes no connections isn't waited for.
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let number = socket(AF_UNIX, CInt(kind), 0)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(owning: number)
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return nil }
        return descriptor
    }

    /// Changes the first output while the client runs.
    ///
    /// In a process of its own, as the compositor answers when the client has, which waits for this one.
    func change(_ arguments: [String], signet: String) throws(CheckFailure) -> ChildProgram {
        guard program != nil else {
            throw CheckFailure("outputs of a compositor that runs already keep their size and scale")
        }
        var environment = ProcessEnvironment.current
        environment["XDG_RUNTIME_DIR"] = folder
        environment["WAYLAND_DISPLAY"] = Self.socketName
        return try ChildProgram([signet, "output"] + arguments, environment: environment)
    }

    /// What it said last, where it has ended by itself.
    var lastWords: String? { program.flatMap { $0.isRunning ? nil : $0.lastLine } }

    /// Keeps the end of what it says.
    func trimOutput() { program?.trimOutput() }

    func end() { program?.end() }
}

/// The environment of this process.
enum ProcessEnvironment {
    static var current: [String: String] {
        var result: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let parts = unsafe String(cString: entry).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            unsafe next += 1
        }
        return result
    }
}
