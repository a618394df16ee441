import Glibc
import SharedMemory

/// Memory with a number, as Unix System V had it in 1983; sysvipc(7).
struct SystemVStage: Stage {
    let title = "1. SysV: shmget, shmat, shmdt, IPC_RMID"
    let verdict = """
        No: there is no descriptor to pass and nothing to seal, only a small number that any process of the user can \
        guess or read in /proc/sysvipc/shm, and a segment outlives a crash of all who used it until somebody removes it.
        """

    func run(_ report: Report) throws {
        let reader = try ReaderProcess(["sysv"])
        // Between shmget and IPC_RMID the segment would survive this process.
        try withoutInterruption { try run(report, reader) }
    }

    private func run(_ report: Report, _ reader: ReaderProcess) throws {
        let letter = Letter(by: "SysV")
        report.step("before")
        let number: CInt
        do {
            var segment = try SystemVSegment(size: sharedSize)
            number = segment.number
            _ = try reader.ask("\(number) \(sharedSize)")
            report.step("writer: shmget, \(sharedSize >> 20) MiB", [KernelView.systemV(number)])
            do {
                var attachment = try SystemVAttachment(number, size: sharedSize, writable: true)
                attachment.withMutableBytes { letter.put(into: &$0) }
                report.step(
                    "writer: shmat, writes to all of it",
                    [
                        KernelView.systemV(number), KernelView.resident("writer", getpid()),
                        KernelView.mapping("writer", getpid(), containing: "/SYSV"),
                    ]
                )
                let answer = try reader.ask("read")
                report.step(
                    "reader: shmat of the number it was told, reads",
                    [
                        Letter.shown(answer), KernelView.systemV(number), KernelView.resident("reader", reader.process),
                        KernelView.mapping("reader", reader.process, containing: "/SYSV"),
                    ]
                )
                report.expect(answer == letter.asRead(size: sharedSize), "the reader sees what was written")
                report.expect(KernelView.systemVLine(number)?["nattch"] == "2", "two have the segment attached")

                try segment.remove()
                report.step("writer: shmctl, IPC_RMID", [KernelView.systemV(number) + " (1000: goes with the last)"])
                report.expect(KernelView.systemVLine(number) != nil, "a removed segment stays while it is attached")
            }
        }
        report.step("writer: shmdt", [KernelView.systemV(number)])
        _ = try reader.ask("detach")
        report.step("reader: shmdt, the last one", [KernelView.systemV(number)])
        report.expect(KernelView.systemVLine(number) == nil, "the segment is gone with the last who had it attached")
        try crash(report, reader)
        report.expect(reader.end() == .exited(0), "the reader ends well")
    }

    /// Another process makes a segment and is killed; the segment is still there.
    private func crash(_ report: Report, _ reader: ReaderProcess) throws {
        let maker = try ReaderProcess(["sysv-maker"])
        var segment = SystemVSegment(adopting: CInt(try maker.ask("make")) ?? -1)
        let number = segment.number
        _ = try reader.ask("\(number)")
        report.step("another process: shmget, 1 page", [KernelView.systemV(number)])
        let ending = maker.kill()
        report.step("it is killed", ["the maker \(ending)", KernelView.systemV(number)])
        report.expect(KernelView.systemVLine(number) != nil, "a segment survives who made it")
        try segment.remove()
        _ = try reader.ask("removed")
        report.step("writer: IPC_RMID by number", [KernelView.systemV(number)])
        report.expect(KernelView.systemVLine(number) == nil, "anybody of the same user can remove a segment")
    }
}

/// A segment, removed with the value where that wasn't done before.
struct SystemVSegment: ~Copyable {
    /// What shmget(2) calls an identifier.
    let number: CInt
    private var isRemoved = false

    /// One that somebody else made and leaves to this process.
    init(adopting number: CInt) {
        self.number = number
    }

    /// A new one, for this user only. Source: shmget(2), IPC_PRIVATE.
    init(size: Int) throws {
        number = shmget(IPC_PRIVATE, size, IPC_CREAT | 0o600)
        guard number >= 0 else {
            let error = Errno(rawValue: errno)
            if error == .noSystemCall { throw Skipped(because: "this kernel was built without SysV shared memory") }
            if error == Errno(rawValue: ENOSPC) { throw Skipped(because: "the limits for SysV segments are reached") }
            throw SystemError(call: "shmget", errno: error)
        }
    }

    deinit {
        if !isRemoved { shmctl(number, IPC_RMID, nil) }
    }

    /// Lets it go once nobody has it attached.
    mutating func remove() throws {
        guard shmctl(number, IPC_RMID, nil) == 0 else {
            throw SystemError(call: "shmctl", errno: Errno(rawValue: errno))
        }
        isRemoved = true
    }
}

/// A segment's bytes in this process, detached with the value.
@safe
struct SystemVAttachment: ~Copyable {
    private let start: UnsafeMutableRawPointer
    private let size: Int

    /// Attaches the segment `number`. Source: shmat(2).
    init(_ number: CInt, size: Int, writable: Bool) throws {
        // Failure is the address -1.
        let address = unsafe shmat(number, nil, writable ? 0 : SHM_RDONLY)
        guard Int(bitPattern: address) != -1, let address = unsafe address else {
            throw SystemError(call: "shmat", errno: Errno(rawValue: errno))
        }
        unsafe start = address
        self.size = size
    }

    deinit {
        unsafe shmdt(start)
    }

    borrowing func withBytes<R>(_ body: (RawSpan) -> R) -> R {
        body(unsafe UnsafeRawBufferPointer(start: start, count: size).bytes)
    }

    mutating func withMutableBytes(_ body: (inout MutableRawSpan) -> Void) {
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
        var bytes = unsafe buffer.mutableBytes
        body(&bytes)
    }
}
