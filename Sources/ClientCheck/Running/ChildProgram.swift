import CProcess
import Glibc
import SharedMemory

/// A program that the check has started, in a process group of its own. It is killed when this process ends.
final class ChildProgram {
    /// How a program has ended.
    enum Ending: Equatable {
        case exit(Int)
        case signal(Int)
    }

    let process: pid_t
    private let output: Descriptor
    private(set) var ending: Ending?

    /// Starts a program, which is looked up in PATH, with an environment and, where one is given, a limit of open files
    /// of its own.
    init(_ arguments: [String], environment: [String: String], openFiles: rlimit? = nil) throws(CheckFailure) {
        // It holds what the program prints, however much of it.
        let file: AnonymousFile
        do throws(SystemError) { file = try AnonymousFile.create(name: "signet-check", size: 0, seals: []) } catch {
            throw CheckFailure("there is no memory for what a client prints: \(error)")
        }
        // Each line goes to the end.
        _ = Self.setAppending(file.descriptor.rawValue)
        var (mask, process) = (sigset_t(), pid_t(0))
        unsafe sigemptyset(&mask)
        let number = file.descriptor.rawValue
        let error = unsafe Self.withStrings(arguments) { arguments in
            unsafe Self.withStrings(environment.map { "\($0)=\($1)" }) { environment in
                unsafe withPointers(&mask, openFiles) { mask, openFiles in
                    var spawn = unsafe signet_spawn(
                        arguments: arguments.baseAddress,
                        mask: mask,
                        default_signals: nil,
                        default_signal_count: 0,
                        open_files: openFiles,
                        terminal: -1,
                        output: number,
                        environment: environment.baseAddress,
                        parent_death_signal: SIGKILL
                    )
                    return unsafe signet_spawn(&spawn, &process)
                }
            }
        }
        guard error == 0 else {
            throw CheckFailure("'\(arguments[0])' can't be started: \(unsafe String(cString: strerror(error)))")
        }
        self.process = process
        do throws(SystemError) { output = try file.descriptor.duplicate() } catch {
            throw CheckFailure("there are no descriptors left: \(error)")
        }
    }

    deinit { end() }

    private static func setAppending(_ number: CInt) -> Bool { fcntl(number, F_SETFL, O_APPEND) == 0 }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var all = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe all.indices { unsafe free(all[index]) } }
        return unsafe all.withUnsafeMutableBufferPointer { unsafe body($0) }
    }

    /// Whether it still runs; how it has ended is known afterwards.
    var isRunning: Bool {
        guard ending == nil else { return false }
        var code: CInt = 0
        guard unsafe waitpid(process, &code, WNOHANG) == process else { return true }
        ending = code & 0x7f == 0 ? .exit(Int(code >> 8) & 0xff) : .signal(Int(code) & 0x7f)
        return false
    }

    /// Ends it and its children: kindly, and after some time by force.
    func end(patience: Double = 1) {
        kill(-process, SIGTERM)
        _ = ends(within: patience)
        kill(-process, SIGKILL)
        while isRunning { usleep(1_000) }
    }

    /// Waits until it ends by itself; false where it doesn't within so many seconds. Those in which others keep it from
    /// its CPU don't count, up to a limit.
    func ends(within patience: Double) -> Bool {
        let (start, queued) = (ContinuousClock.now, Self.queueTime(of: process))
        while isRunning {
            let kept = min(max(0, Self.queueTime(of: process) - queued), 2 * patience)
            guard ContinuousClock.now - start < .seconds(patience + kept) else { return false }
            usleep(5_000)
        }
        return true
    }

    /// The last line that it has printed; empty where there is none.
    var lastLine: String {
        let text = String(decoding: tail, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    }

    /// Bytes of what it prints that are kept, about.
    private static let outputLimit = 1 << 20

    private var outputSize: Int {
        var status = stat()
        return unsafe fstat(output.rawValue, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The end of what it has printed.
    private var tail: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        let count = (try? output.pread(into: &raw, at: Int64(max(0, outputSize - 4_096)))) ?? 0
        return Array(bytes.prefix(count))
    }

    /// Keeps the end of what it has printed, where that is much.
    func trimOutput() {
        guard outputSize > Self.outputLimit else { return }
        let last = tail
        guard ftruncate(output.rawValue, 0) == 0 else { return }
        try? writeAll(last, to: output.rawValue)
    }

    /// Seconds that a process has used a CPU, or was kept from it by others; nil where /proc doesn't tell.
    ///
    /// Source: "Scheduler Statistics" of the kernel's documentation, for each thread; where the kernel keeps none, CPU
    /// time alone.
    static func cpuTime(of process: pid_t) -> Double? {
        guard let folder = unsafe opendir("/proc/\(process)/task") else { return nil }
        defer { unsafe closedir(folder) }
        var sum = 0.0
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard Int(name) != nil else { continue }
            if let times = schedule(of: process, name) { sum += times.ran + times.waited }
        }
        return sum > 0 ? sum : processTime(of: process)
    }

    /// Seconds that a process's first thread was ready to run while others had the CPU; 0 where that isn't known.
    static func queueTime(of process: pid_t) -> Double { schedule(of: process, "\(process)")?.waited ?? 0 }

    private static func schedule(of process: pid_t, _ thread: String) -> (ran: Double, waited: Double)? {
        guard let bytes = readFile("/proc/\(process)/task/\(thread)/schedstat", upTo: 256) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Double($0) }
        return fields.count >= 2 ? (fields[0] / 1e9, fields[1] / 1e9) : nil
    }

    /// Source: proc_pid_stat(5).
    private static func processTime(of process: pid_t) -> Double? {
        guard let bytes = readFile("/proc/\(process)/stat", upTo: 4_096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        // The name, in parentheses, may hold anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
        return (user + system) / Double(sysconf(CInt(_SC_CLK_TCK)))
    }
}

private func withPointers<Result>(
    _ mask: inout sigset_t,
    _ limit: rlimit?,
    _ body: (UnsafePointer<sigset_t>, UnsafePointer<rlimit>?) -> Result
) -> Result {
    unsafe withUnsafePointer(to: &mask) { mask in
        guard let limit else { return unsafe body(mask, nil) }
        return unsafe withUnsafePointer(to: limit) { unsafe body(mask, $0) }
    }
}

/// Why a client can't be judged, in a sentence that says what to do.
public struct CheckFailure: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}
