// shared-memory-tour: the ways in which processes share memory on Linux, each walked through with a writer and a
// reader.
//
// After every step it prints what the kernel shows, and for every way in one sentence whether a compositor can use it.
// What it tells, it tries: a result that isn't as told is marked with "!", and makes the exit status 1.
//
//     shared-memory-tour [--no-devices]

import Glibc

/// Ends the process with a message.
func fail(_ message: String) -> Never {
    let line = "shared-memory-tour: \(message)\n"
    _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == Reader.option { exit(Reader.run(Array(arguments.dropFirst()))) }
if let unknown = arguments.first(where: { $0 != "--no-devices" }) {
    fail("'\(unknown)' isn't an option; there is --no-devices")
}

var stages: [any Stage] = [SystemVStage(), PosixStage(), MemfdStage(), SealsStage()]
if !arguments.contains("--no-devices") { stages.append(DMABufferStage()) }

let report = Report()
report.say("The writer is process \(getpid()); each stage has a reader of its own.")
report.say("Shmem and Cached are /proc/meminfo's, first whole, then as differences from the step before.")
report.say("They are the whole machine's: what others do meanwhile shows too.")
for stage in stages { report.present(stage) }
exit(report.conclude())
