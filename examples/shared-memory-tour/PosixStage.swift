import Glibc
import SharedMemory

/// Memory with a name: a file in /dev/shm; shm_overview(7).
struct PosixStage: Stage {
    let title = "2. POSIX: shm_open, ftruncate, mmap, shm_unlink"
    let verdict = """
        Only by copying: it comes as a descriptor, but it has a name while it is being made, takes no seals, and its \
        owner can truncate it at any time, upon which whoever reads it through a mapping is killed by SIGBUS.
        """

    func run(_ report: Report) throws {
        let reader = try ReaderProcess(["posix"])
        // Between shm_open and shm_unlink the file would survive this process.
        try withoutInterruption { try run(report, reader) }
    }

    private func run(_ report: Report, _ reader: ReaderProcess) throws {
        let letter = Letter(by: "POSIX")
        let word = "signet-tour-"
        let name = "/\(word)\(getpid())"
        report.step("before", [KernelView.entry(name)])
        _ = try reader.ask("\(name) \(sharedSize)")
        do {
            var file = try NamedFile(name)
            report.step(
                "writer: shm_open, O_CREAT",
                [KernelView.entry(name)] + KernelView.links("writer", getpid(), containing: word)
            )
            guard ftruncate(file.descriptor.rawValue, sharedSize) == 0 else {
                throw SystemError(call: "ftruncate", errno: Errno(rawValue: errno))
            }
            report.step("writer: ftruncate", [KernelView.entry(name)])
            // Otherwise a full /dev/shm would kill this process by SIGBUS in the middle of writing.
            let error = posix_fallocate(file.descriptor.rawValue, 0, off_t(sharedSize))
            if error == ENOSPC { throw Skipped(because: "there is no room in /dev/shm for \(sharedSize) bytes") }
            guard error == 0 else { throw SystemError(call: "posix_fallocate", errno: Errno(rawValue: error)) }
            report.step("writer: posix_fallocate", ["room for all of it"])
            var mapping = try WritableMapping(file.descriptor, length: sharedSize)
            mapping.withMutableBytes(in: 0..<sharedSize) { letter.put(into: &$0) }
            report.step("writer: mmap, writes to all of it", [KernelView.resident("writer", getpid())])

            let answer = try reader.ask("read")
            report.step(
                "reader: shm_open of the name it was told, mmap, reads",
                [Letter.shown(answer), KernelView.resident("reader", reader.process)]
                    + KernelView.links("reader", reader.process, containing: word)
            )
            report.expect(answer == letter.asRead(size: sharedSize), "the reader sees what was written")

            try file.unlink()
            report.step(
                "writer: shm_unlink",
                [KernelView.entry(name)] + KernelView.links("writer", getpid(), containing: word)
                    + KernelView.links("reader", reader.process, containing: word)
            )
            report.expect(!KernelView.hasEntry(name), "the name is gone at once")
            let seal = outcome { () throws(SystemError) in try file.descriptor.addSeals(.shrink) }
            report.step("writer: adds F_SEAL_SHRINK", ["\(seal): such a file can't be sealed"])
            report.expect(seal == "EPERM", "a file of shm_open takes no seals")
        }
        report.step("writer: munmap, close", KernelView.links("writer", getpid(), containing: word))
        _ = try reader.ask("close")
        report.step("reader: munmap, close", KernelView.links("reader", reader.process, containing: word))
        report.expect(
            KernelView.targets(reader.process, containing: word).isEmpty,
            "nobody has the file open any more"
        )
        report.expect(reader.end() == .exited(0), "the reader ends well")
    }
}

/// A file of shm_open(3), unlinked with the value where that wasn't done before.
private struct NamedFile: ~Copyable {
    let descriptor: Descriptor
    private let name: String
    private var isUnlinked = false

    init(_ name: String) throws {
        let number = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard number >= 0 else {
            let error = Errno(rawValue: errno)
            if error == .noEntry { throw Skipped(because: "there is no /dev/shm here") }
            throw SystemError(call: "shm_open", errno: error)
        }
        descriptor = Descriptor(owning: number)
        self.name = name
    }

    deinit {
        if !isUnlinked { unsafe shm_unlink(name) }
    }

    mutating func unlink() throws {
        guard unsafe shm_unlink(name) == 0 else {
            throw SystemError(call: "shm_unlink", errno: Errno(rawValue: errno))
        }
        isUnlinked = true
    }
}
