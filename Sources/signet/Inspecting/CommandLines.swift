import Glibc
import SharedMemory
import Synchronization

/// How processes were started, by their numbers; proc_pid_cmdline(5).
///
/// The kernel reads that out of the process's own memory, which may be a file on a file system that doesn't answer: it
/// is read on another thread, and who takes too long isn't asked again.
final class CommandLines {
    /// What a thread was asked for.
    private final class Question: Sendable {
        let answered = Semaphore()
        let words = Mutex<[String]?>(nil)
    }

    private var known: [Int: [String]] = [:]
    /// How many threads may still wait for their answer.
    private var stuckCount = 0

    /// Milliseconds for which a process is waited for.
    private static let patience = 200
    private static let stuckLimit = 16
    /// Bytes of a command line that are looked at.
    private static let byteLimit = 4_096

    /// The words of a command line; none where it can't be read.
    func words(of process: Int) -> [String] {
        if let words = known[process] { return words }
        let words = process > 0 && stuckCount < Self.stuckLimit ? ask(process) : []
        known[process] = words
        return words
    }

    /// Forgets those that aren't among `processes`: their numbers may be another's the next time.
    func keep(_ processes: Set<Int>) { known = known.filter { processes.contains($0.key) } }

    private func ask(_ process: Int) -> [String] {
        let question = Question()
        do throws(SystemError) {
            try startThread {
                let bytes = readFile("/proc/\(process)/cmdline", upTo: Self.byteLimit) ?? []
                // Each word ends with a zero byte, unless the process wrote something else there.
                let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
                let last = bytes.last == 0 ? words.dropLast() : words[...]
                question.words.withLock { $0 = bytes.isEmpty ? [] : last.map { String(decoding: $0, as: UTF8.self) } }
                question.answered.post()
            }
        } catch {
            return []
        }
        question.answered.wait(milliseconds: Self.patience)
        guard let words = question.words.withLock({ $0 }) else {
            stuckCount += 1
            return []
        }
        return words
    }
}
