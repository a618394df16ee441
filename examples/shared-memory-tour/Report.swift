import CLinux
import Glibc
import SharedMemory

/// Prints the tour, and remembers what went otherwise than told.
///
/// The rows of a stage are kept until its memory is gone: whoever ends the tour by closing its output, as `head` does,
/// ends it between two stages.
final class Report {
    /// Claims that were put to the kernel.
    private(set) var tried = 0
    /// Those that didn't hold, and stages that failed.
    private(set) var surprises: [String] = []
    private var steps: [(name: String, memory: MemoryNumbers, shown: [String])] = []

    /// Runs a stage and prints it.
    func present(_ stage: any Stage) {
        say("")
        say(stage.title)
        say(String(repeating: "=", count: stage.title.count))
        attempt { try stage.run(self) }
        say("")
        for line in wrapped("Can a compositor use it? " + stage.verdict, to: Table.width, indent: "") { say(line) }
    }

    /// Runs a part of the tour, and prints why it was skipped or failed.
    func attempt(_ part: () throws -> Void) {
        do {
            try part()
            endTable()
        } catch let skipped as Skipped {
            // A row before anything was done tells nothing.
            if steps.count < 2 { steps = [] }
            endTable()
            for line in wrapped("skipped, because \(skipped.reason)", to: Table.width) { say(line) }
        } catch {
            surprises.append("\(error)")
            endTable()
            say("! failed: \(error)")
        }
    }

    /// A row of the stage's table: what was done, how the machine's memory changed since the row before, and what the
    /// kernel shows now.
    func step(_ name: String, _ shown: [String] = []) {
        steps.append((name, MemoryNumbers.read(), shown))
    }

    /// Compares what happened with what was told; a difference is marked, and decides the exit status.
    @discardableResult
    func expect(_ holds: Bool, _ claim: String) -> Bool {
        tried += 1
        guard !holds else { return true }
        surprises.append(claim)
        if steps.isEmpty {
            say("! not as told: \(claim)")
        } else {
            steps[steps.count - 1].shown.append("! not as told: \(claim)")
        }
        return false
    }

    /// Prints the rows so far.
    func endTable() {
        guard let first = steps.first else { return }
        var table = Table([
            ("step", .left), ("Shmem\nkB", .right), ("Cached\nkB", .right), ("what the kernel shows", .left),
        ])
        var last = first.memory
        for (index, step) in steps.enumerated() {
            let (shmem, cached) =
                index == 0
                ? ("\(step.memory.shmem)", "\(step.memory.cached)")
                : (signed(step.memory.shmem - last.shmem), signed(step.memory.cached - last.cached))
            table.add([wrapped(step.name, to: 30), [shmem], [cached], step.shown])
            last = step.memory
        }
        steps = []
        print(table)
    }

    /// Prints a table after an empty line.
    func print(_ table: Table) {
        say("")
        for line in table.lines { say(line) }
    }

    /// Prints a line.
    func say(_ line: String) {
        Swift.print(line)
    }

    /// The last line; returns the exit status.
    func conclude() -> CInt {
        say("")
        if surprises.isEmpty {
            say("All \(tried) claims that this machine let us try held.")
            return 0
        }
        say("\(surprises.count) of \(tried) claims didn't hold:")
        for surprise in surprises { say("! \(surprise)") }
        return 1
    }

    private func signed(_ number: Int) -> String { number < 0 ? "\(number)" : "+\(number)" }
}

extension Errno {
    /// As in `EPERM`.
    var name: String {
        guard let name = unsafe strerrorname_np(rawValue) else { return "errno \(rawValue)" }
        return unsafe String(cString: name)
    }
}

/// What a call that returns -1 where it fails said: `works`, or the error's name.
func outcome(_ call: () -> Int) -> String {
    call() >= 0 ? "works" : Errno(rawValue: errno).name
}

/// The same for calls that throw.
func outcome(_ call: () throws(SystemError) -> Void) -> String {
    do throws(SystemError) {
        try call()
        return "works"
    } catch {
        return error.errno.name
    }
}
