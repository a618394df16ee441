import Glibc
import SharedMemory

/// Memory without a name, two pieces of it in one message; memfd_create(2), unix(7).
struct MemfdStage: Stage {
    let title = "3. memfd_create, two descriptors in one SCM_RIGHTS message"
    let verdict = """
        Only by copying while it is unsealed: nobody can find it by name or number and it is gone with its last \
        holder, but as with POSIX files its owner can truncate it under a reader's mapping.
        """

    func run(_ report: Report) throws {
        guard AnonymousFile.memfdSupport == .works else {
            throw Skipped(because: "memfd_create is missing or forbidden here")
        }
        let reader = try ReaderProcess(["files", "2"])
        let (pixels, notes) = (Letter(by: "a memfd"), Letter(by: "another"))
        let (word, notesSize) = ("tour-", 4_096)
        report.step("before")
        let inodes: [UInt64?]
        do {
            let first = try AnonymousFile.create(name: "tour-pixels", size: sharedSize, seals: [])
            let second = try AnonymousFile.create(name: "tour-notes", size: notesSize, seals: [])
            report.step(
                "writer: memfd_create and ftruncate, twice",
                KernelView.links("writer", getpid(), containing: word)
            )
            inodes = KernelView.targets(getpid(), containing: word).map { KernelView.inode(getpid(), $0.number) }
            try write(pixels, into: first)
            try write(notes, into: second)
            report.step("writer: mmap, writes to all of both, munmap", [KernelView.resident("writer", getpid())])

            var descriptors = DescriptorList()
            descriptors.append(try first.descriptor.duplicate())
            descriptors.append(try second.descriptor.duplicate())
            let answers = try reader.ask("two files", with: descriptors).split(separator: "|").map(String.init)
            report.step(
                "writer: sendmsg with both; reader: recvmsg, mmap, reads both",
                answers.map { Letter.shown($0) } + [KernelView.resident("reader", reader.process)]
                    + KernelView.links("reader", reader.process, containing: word)
            )
            report.expect(
                answers == [pixels.asRead(size: sharedSize), notes.asRead(size: notesSize)],
                "the reader sees what was written, in the order of the descriptors"
            )
        }
        let received = KernelView.targets(reader.process, containing: word)
        report.expect(
            received.map { KernelView.inode(reader.process, $0.number) } == inodes && inodes.count == 2,
            "the descriptors lead to the writer's files"
        )
        report.step("writer: closes both", KernelView.links("writer", getpid(), containing: word))
        let again = try reader.ask("again")
        report.step("reader: reads the first again", [Letter.shown(again)])
        report.expect(again == pixels.asRead(size: sharedSize), "the memory is there while anybody holds it")
        _ = try reader.ask("close")
        report.step("reader: munmap, close", KernelView.links("reader", reader.process, containing: word))
        report.expect(
            KernelView.targets(reader.process, containing: word).isEmpty,
            "nobody has the files open any more"
        )
        report.expect(reader.end() == .exited(0), "the reader ends well")
    }

    private func write(_ letter: Letter, into file: borrowing AnonymousFile) throws {
        var mapping = try WritableMapping(file.descriptor, length: file.size)
        mapping.withMutableBytes(in: 0..<mapping.length) { letter.put(into: &$0) }
    }
}
