internal import Glibc
internal import SharedMemory

/// A program that a test started on a ``Desktop``.
public final class Program {
    /// Its process, which leads a group.
    public let process: Int32
    private let output: Descriptor
    private var status: Int32?

    init(_ arguments: [String], environment: [String]) throws {
        // Which holds what it prints, however much of it.
        let file = try AnonymousFile.create(name: "signet-output", size: 0, seals: [])
        output = try file.descriptor.duplicate()
        let number = output.rawValue
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, number, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var process: pid_t = 0
        let error = unsafe Self.withStrings(arguments) { arguments in
            unsafe Self.withStrings(environment) { environment in
                unsafe posix_spawnp(&process, arguments[0]!, &actions, &attributes, arguments, environment)
            }
        }
        guard error == 0 else {
            let reason = unsafe String(cString: strerror(error))
            throw Desktop.Failure(description: "'\(arguments[0])' can't be started: \(reason)")
        }
        self.process = process
    }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let all = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe all.indices { unsafe free(all[index]) } }
        return unsafe body(all)
    }

    /// Waits until it has ended, and returns its exit status, or 128 + n where signal n ended it.
    @discardableResult
    public func wait() -> Int32 {
        if let status { return status }
        var code: CInt = 0
        while unsafe waitpid(process, &code, 0) < 0, errno == EINTR {}
        let result = code & 0x7f == 0 ? (code >> 8) & 0xff : 128 + code & 0x7f
        status = result
        return result
    }

    /// What it has printed so far.
    public var text: String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            var span = part.mutableSpan
            var raw = unsafe span.mutableBytes
            guard let count = try? output.pread(into: &raw, at: Int64(bytes.count)), count > 0 else { break }
            bytes += part.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Ends it and its children, if it still runs: kindly, and after a second by force.
    public func end() {
        guard status == nil else { return }
        kill(-process, SIGTERM)
        let end = ContinuousClock.now + .seconds(1)
        while ContinuousClock.now < end {
            var code: CInt = 0
            if unsafe waitpid(process, &code, WNOHANG) == process {
                status = 128 + SIGTERM
                kill(-process, SIGKILL)
                return
            }
            usleep(5_000)
        }
        kill(-process, SIGKILL)
        wait()
    }
}
