import DirectRendering
import Glibc
import SharedMemory

/// What the reader process does: it finds the memory as it was told, reads the letter in it, and answers with that.
enum Reader {
    /// The hidden option that makes the program a reader; what follows is the kind of memory and, for files, how many.
    static let option = "--reader"
    /// Where its end of the socket is.
    static let socketNumber: CInt = 3

    /// Runs until the writer has closed the socket; returns the exit status.
    static func run(_ arguments: [String]) -> CInt {
        // One of them dies by SIGBUS, on purpose: neither a backtrace of Swift's nor a core file is wanted.
        signal(SIGBUS, SIG_DFL)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let socket = Descriptor(owning: socketNumber)
        _ = fcntl(socket.rawValue, F_SETFD, FD_CLOEXEC)
        do {
            try answer("ready", over: socket)
            switch arguments.first {
            case "sysv": try readSegment(over: socket)
            case "sysv-maker": try makeSegment(over: socket)
            case "posix": try readNamedFile(over: socket)
            case "files": try readFiles(Int(arguments[1]) ?? 1, over: socket)
            case "dma-buf": try readDMABuffer(over: socket)
            default: return 1
            }
            return 0
        } catch DescriptorPassingError.closed {
            return 0
        } catch {
            try? answer("\(error)", over: socket)
            return 1
        }
    }

    private static func answer(_ text: String, over socket: borrowing Descriptor) throws {
        try Message.send(text, with: DescriptorList(), over: socket)
    }

    private static func words(over socket: borrowing Descriptor) throws -> [String] {
        try Message.receive(over: socket).text.split(separator: " ").map(String.init)
    }

    /// Is told a segment's number, which is all it takes; then one that it has only to look after.
    private static func readSegment(over socket: borrowing Descriptor) throws {
        let words = try words(over: socket)
        let number = CInt(words[0]) ?? -1
        try lookAfter(number) {
            try answer("noted", over: socket)
            _ = try Message.receive(over: socket)
            let attachment = try SystemVAttachment(number, size: Int(words[1]) ?? 0, writable: false)
            try answer(attachment.withBytes { Letter.take(from: $0) }, over: socket)
            _ = try Message.receive(over: socket)
        }
        try answer("detached", over: socket)
        try lookAfter(CInt(try Message.receive(over: socket).text) ?? -1) {
            try answer("noted", over: socket)
            _ = try Message.receive(over: socket)
        }
        try answer("forgotten", over: socket)
        _ = try Message.receive(over: socket)
    }

    /// Where the writer is killed meanwhile, the segment goes all the same.
    private static func lookAfter(_ segment: CInt, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            shmctl(segment, IPC_RMID, nil)
            throw error
        }
    }

    /// Makes a segment, says its number, and waits to be killed: the one who asked removes it then. Where that one is
    /// gone first, the segment goes with this process.
    private static func makeSegment(over socket: borrowing Descriptor) throws {
        _ = try Message.receive(over: socket)
        let segment = try SystemVSegment(size: 4_096)
        try answer("\(segment.number)", over: socket)
        _ = try Message.receive(over: socket)
    }

    /// Is told a name in /dev/shm, before it is there. Where the writer is killed it removes the name.
    private static func readNamedFile(over socket: borrowing Descriptor) throws {
        let words = try words(over: socket)
        do {
            try answer("noted", over: socket)
            _ = try Message.receive(over: socket)
            let number = unsafe shm_open(words[0], O_RDONLY | O_CLOEXEC, 0)
            guard number >= 0 else { throw SystemError(call: "shm_open", errno: Errno(rawValue: errno)) }
            let file = Descriptor(owning: number)
            let mapping = try ReadOnlyMapping(file, length: Int(words[1]) ?? 0)
            try answer(mapping.withBytes(in: 0..<mapping.length) { Letter.take(from: $0) }, over: socket)
            _ = try Message.receive(over: socket)
        } catch {
            unsafe shm_unlink(words[0])
            throw error
        }
        try answer("closed", over: socket)
        _ = try Message.receive(over: socket)
    }

    /// Gets `count` files with one message, and reads the first as often as it is told to. The others it reads once.
    private static func readFiles(_ count: Int, over socket: borrowing Descriptor) throws {
        let message = try Message.receive(count, over: socket)
        guard let file = message.descriptors.list.takeFirst() else { return }
        do {
            let mapping = try ReadOnlyMapping(file, length: Int(DescriptorFacts.read(file).size))
            var answers = [mapping.withBytes(in: 0..<mapping.length) { Letter.take(from: $0) }]
            var others = DescriptorList()
            while let other = message.descriptors.list.takeFirst() {
                let mapping = try ReadOnlyMapping(other, length: Int(DescriptorFacts.read(other).size))
                answers.append(mapping.withBytes(in: 0..<mapping.length) { Letter.take(from: $0) })
                others.append(other)
            }
            try answer(answers.joined(separator: "|"), over: socket)
            while try Message.receive(over: socket).text == "again" {
                try answer(mapping.withBytes(in: 0..<mapping.length) { Letter.take(from: $0) }, over: socket)
            }
            _ = consume others
            _ = consume file
        }
        try answer("closed", over: socket)
        _ = try Message.receive(over: socket)
    }

    /// Gets a dma-buf, and reads between the two ends of DMA_BUF_IOCTL_SYNC.
    private static func readDMABuffer(over socket: borrowing Descriptor) throws {
        let message = try Message.receive(1, over: socket)
        guard let file = message.descriptors.list.takeFirst() else { return }
        do {
            guard let buffer = try DMABuffer(ifDMABuffer: file) else {
                return try answer("not a dma-buf", over: socket)
            }
            let mapping = try ReadOnlyMapping(buffer.descriptor, length: buffer.size)
            let text = try buffer.withAccess(.read) { () throws(DeviceError) in
                mapping.withBytes(in: 0..<mapping.length) { Letter.take(from: $0) }
            }
            try answer(text, over: socket)
            _ = try Message.receive(over: socket)
        }
        try answer("closed", over: socket)
        _ = try Message.receive(over: socket)
    }
}
