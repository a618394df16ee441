import CLinux
import Glibc
import SharedMemory

/// What the owner of a memfd can give up, and what happens to readers where it didn't; fcntl(2), "File Sealing".
struct SealsStage: Stage {
    let title = "4. Seals, and what a mapping's reader is in for without"
    let verdict = """
        Yes, with F_SEAL_SHRINK: what was mapped stays, so the pixels can be read where they are, and all the owner \
        can still do is change them or punch holes, which read as zeros.
        """

    func run(_ report: Report) throws {
        guard AnonymousFile.memfdSupport == .works else {
            throw Skipped(because: "memfd_create is missing or forbidden here")
        }
        try matrix(report)
        report.say("")
        report.say("An unsealed memfd is truncated while a reader has it mapped:")
        try truncation(report, seals: [])
        report.endTable()
        report.say("")
        report.say("The same with F_SEAL_SHRINK:")
        try truncation(report, seals: .shrink)
    }

    // MARK: What each seal forbids

    /// Each seal on fresh files of its own, one for each attempt, so that none sees what another did.
    private func matrix(_ report: Report) throws {
        let rows: [(name: String, seal: Seals)] = [
            ("none", []), ("F_SEAL_SHRINK", .shrink), ("F_SEAL_GROW", .grow), ("F_SEAL_WRITE", .write),
            ("F_SEAL_FUTURE_WRITE", .futureWrite), ("F_SEAL_SEAL", .seal),
        ]
        var table = Table([("sealed with", .left)] + Attempt.allCases.map { ($0.title, .left) })
        var surprises: [String] = []
        for (name, seal) in rows {
            do {
                let file = try AnonymousFile.create(name: "tour-seal", size: Attempt.size, seals: [])
                guard outcome({ () throws(SystemError) in try file.descriptor.addSeals(seal) }) != "EINVAL" else {
                    table.add([[name]] + Attempt.allCases.map { _ in ["no seal"] })
                    report.say("skipped, because this kernel doesn't know \(name)")
                    continue
                }
            }
            var cells = [[name]]
            for attempt in Attempt.allCases {
                let result = try attempt.run(with: seal)
                let expected = attempt.expected(with: seal)
                if result == expected {
                    cells.append([result])
                } else {
                    cells.append(["! " + result])
                    surprises.append("\(attempt.rawValue) on a file with \(name): told \(expected), was \(result)")
                }
                report.expect(result == expected, "\(attempt.rawValue) with \(name): told \(expected), was \(result)")
            }
            table.add(cells)
        }
        report.print(table)
        report.say("  * F_SEAL_WRITE itself is refused as long as a writable shared mapping exists.")
    }

    // MARK: Truncated under a reader

    private func truncation(_ report: Report, seals: Seals) throws {
        let reader = try ReaderProcess(["files", "1"])
        let letter = Letter(by: "a memfd")
        let file = try AnonymousFile.create(name: "tour-truncated", size: sharedSize, seals: seals)
        do {
            var mapping = try WritableMapping(file.descriptor, length: sharedSize)
            mapping.withMutableBytes(in: 0..<sharedSize) { letter.put(into: &$0) }
        }
        report.step("before; seals \(try file.descriptor.seals() ?? [])")
        var list = DescriptorList()
        list.append(try file.descriptor.duplicate())
        let answer = try reader.ask("a file", with: list)
        report.step("reader: mmap, reads", [Letter.shown(answer), KernelView.resident("reader", reader.process)])
        report.expect(answer == letter.asRead(size: sharedSize), "the reader sees what was written")

        let result = outcome { Int(ftruncate(file.descriptor.rawValue, 0)) }
        report.step("writer: ftruncate to 0", ["\(result)", KernelView.resident("reader", reader.process)])
        if seals.contains(.shrink) {
            report.expect(result == "EPERM", "F_SEAL_SHRINK keeps the file from being truncated")
            let again = try reader.ask("again")
            report.step("reader: reads again", [Letter.shown(again)])
            report.expect(again == answer, "the reader of a sealed file still sees the same")
            let ending = reader.end()
            report.step("the end", ["reader \(ending)"])
            report.expect(ending == .exited(0), "the reader ends well")
        } else {
            report.expect(result == "works", "an unsealed file can be truncated under a reader")
            try reader.tell("again")
            let ending = reader.end()
            report.step("reader: reads again", ["reader \(ending)"])
            report.expect(ending == .killed(SIGBUS), "who reads past a file's end through a mapping dies by SIGBUS")
        }
    }
}

/// Something that a seal may forbid.
private enum Attempt: String, CaseIterable {
    case shrink = "ftruncate smaller"
    case grow = "ftruncate larger"
    case write = "write(2)"
    case map = "mmap with PROT_WRITE"
    case store = "a store through an earlier mapping"
    case punch = "fallocate with PUNCH_HOLE"
    case seal = "adding another seal"

    static let size = 2 * 4_096

    /// Narrow enough for a column.
    var title: String {
        switch self {
        case .shrink: "ftruncate\nsmaller"
        case .grow: "ftruncate\nlarger"
        case .write: "write(2)"
        case .map: "mmap\nPROT_WRITE"
        case .store: "store by\nearlier\nmapping"
        case .punch: "fallocate\nPUNCH_HOLE"
        case .seal: "another\nseal"
        }
    }

    /// As fcntl(2) tells it.
    func expected(with seal: Seals) -> String {
        switch (self, seal) {
        case (.shrink, .shrink), (.grow, .grow), (.seal, .seal): "EPERM"
        case (.write, .write), (.map, .write), (.punch, .write): "EPERM"
        case (.write, .futureWrite), (.map, .futureWrite), (.punch, .futureWrite): "EPERM"
        case (.store, .write): "EBUSY*"
        default: "works"
        }
    }

    /// Tries it on a fresh file with `seal`.
    func run(with seal: Seals) throws -> String {
        let file = try AnonymousFile.create(name: "tour-seal", size: Self.size, seals: [])
        if self == .store { return try store(file.descriptor, seal) }
        try file.descriptor.addSeals(seal)
        let number = file.descriptor.rawValue
        switch self {
        case .shrink: return outcome { Int(ftruncate(number, Self.size / 2)) }
        case .grow: return outcome { Int(ftruncate(number, Self.size * 2)) }
        case .write: return outcome { unsafe Glibc.write(number, "x", 1) }
        case .map:
            return outcome { () throws(SystemError) in _ = try WritableMapping(file.descriptor, length: Self.size) }
        case .punch:
            let mode = CInt(SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE)
            return outcome { Int(fallocate(number, mode, 0, 4_096)) }
        case .seal:
            let other: Seals = seal == .grow ? .shrink : .grow
            return outcome { () throws(SystemError) in try file.descriptor.addSeals(other) }
        case .store: return ""
        }
    }

    /// Maps first and seals then; that the byte has arrived is read from the file.
    private func store(_ file: borrowing Descriptor, _ seal: Seals) throws -> String {
        var mapping = try WritableMapping(file, length: Self.size)
        do throws(SystemError) {
            try file.addSeals(seal)
        } catch {
            return error.errno.name + "*"
        }
        mapping.withMutableBytes(in: 0..<1) { $0.storeBytes(of: 0x42, as: UInt8.self) }
        var byte: UInt8 = 0
        guard unsafe pread(file.rawValue, &byte, 1, 0) == 1, byte == 0x42 else { return "lost" }
        return "works"
    }
}
