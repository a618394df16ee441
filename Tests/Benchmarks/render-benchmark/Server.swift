import Glibc
import SharedMemory

/// A compositor whose CPU time is measured.
final class Server {
    /// As the table calls it.
    let label: String
    /// The socket's name in XDG_RUNTIME_DIR.
    let display: String
    private let process: pid_t
    private let isOurs: Bool

    /// One that runs already: `PID@DISPLAY`.
    init(running word: String) throws {
        let parts = word.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let process = pid_t(parts[0]) else { throw Problem("\(word) isn't PID@DISPLAY") }
        (label, display, self.process, isOurs) = (String(parts[1]), String(parts[1]), process, false)
    }

    /// Starts a `signet` with an output of 1920x1080 at 120 Hz. `command` is its path, and options after it.
    init(starting command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        label = command
        display = "render-benchmark-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        isOurs = true
        let arguments = words + ["--socket", display, "--output", "1920x1080@120", "--log-level", "error"]
        var list: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe list.append(nil)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        defer {
            for index in arguments.indices { unsafe free(list[index]) }
            unsafe posix_spawn_file_actions_destroy(&actions)
        }
        var started: pid_t = 0
        let error = unsafe posix_spawn(&started, words[0], &actions, nil, list, environ)
        guard error == 0 else {
            throw Problem("\(words[0]) can't be started: \(unsafe String(cString: strerror(error)))")
        }
        process = started
        guard let folder = unsafe getenv("XDG_RUNTIME_DIR") else { throw Problem("XDG_RUNTIME_DIR isn't set") }
        let path = unsafe "\(String(cString: folder))/\(display)"
        for _ in 0..<500 where unsafe access(path, F_OK) != 0 { usleep(10_000) }
        guard unsafe access(path, F_OK) == 0 else { throw Problem("\(words[0]) doesn't listen at \(path)") }
    }

    deinit {
        guard isOurs else { return }
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
    }

    /// Nanoseconds of CPU that its process has used, all threads together.
    var cpu: UInt64 {
        var clock = clockid_t()
        guard unsafe clock_getcpuclockid(process, &clock) == 0 else { return 0 }
        return time(of: clock)
    }

    /// Bytes that it has in memory and shares with no file of clients: proc(5), RssAnon.
    var residentBytes: Int {
        guard let bytes = readFile("/proc/\(process)/status", upTo: 8_192),
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                .first(where: { $0.hasPrefix("RssAnon:") }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return 0 }
        return kilobytes << 10
    }
}

/// Why nothing can be measured.
struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
