import CLinux
import Glibc
import SharedMemory

/// An ordinary Signet in a process of its own, which the client's messages go to.
final class InnerCompositor {
    static let socketName = "compositor"
    private let program: ChildProgram
    private let folder: String

    /// Starts `signet` and waits until it takes connections in `folder`.
    init(signet: String, folder: String) throws(CheckFailure) {
        self.folder = folder
        var environment = ProcessEnvironment.current
        environment["XDG_RUNTIME_DIR"] = folder
        program = try ChildProgram(
            [
                signet, "run", "--socket", Self.socketName, "--shm-policy", "copy", "--output", "1280x720",
                "--log-level", "error",
            ],
            environment: environment
        )
        for _ in 0..<2_000 {
            if connect() != nil { return }
            guard program.isRunning else { throw CheckFailure("the compositor doesn't start: \(program.lastLine)") }
            usleep(5_000)
        }
        throw CheckFailure("the compositor doesn't take connections; is the machine overloaded?")
    }

    /// A connection of its own for each that the client makes.
    func connect() -> Descriptor? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = folder + "/" + Self.socketName
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let number = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
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
        var environment = ProcessEnvironment.current
        environment["XDG_RUNTIME_DIR"] = folder
        environment["WAYLAND_DISPLAY"] = Self.socketName
        return try ChildProgram([signet, "output"] + arguments, environment: environment)
    }

    /// What it said last, where it has ended by itself.
    var lastWords: String? { program.isRunning ? nil : program.lastLine }

    func end() { program.end() }
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
