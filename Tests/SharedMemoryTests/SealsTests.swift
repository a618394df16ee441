import Glibc
import SharedMemory
import TestSupport
import Testing

/// What each seal forbids, as this kernel has it.
@Suite struct SealsTests {
    @Test func sealsAreNamed() {
        #expect(Seals([]).description == "none")
        #expect(Seals([.shrink, .futureWrite]).description == "SHRINK|FUTURE_WRITE")
    }

    @Test func addedSealsAreThere() throws {
        let file = TestFile.memfd(4_096)
        #expect(try seals(of: file) == [])
        try file.addSeals([.shrink, .grow])
        try file.addSeals(.seal)
        #expect(try seals(of: file) == [.shrink, .grow, .seal])
        #expect(throws: SystemError(call: "fcntl(F_ADD_SEALS)", errno: .notPermitted)) { try file.addSeals(.write) }
    }

    @Test func shrinkForbidsShrinkingAndGrowGrowing() {
        let sealed = TestFile.memfd(4_096, seals: .shrink)
        #expect(!TestFile.truncate(sealed, to: 4_095) && TestFile.truncate(sealed, to: 4_097))
        let fixed = TestFile.memfd(4_096, seals: .grow)
        #expect(!TestFile.truncate(fixed, to: 4_097) && TestFile.truncate(fixed, to: 4_095))
    }

    @Test func writeIsBusyWhileSomebodyCanWrite() throws {
        let file = TestFile.memfd(4_096)
        do {
            let mapping = try WritableMapping(file, length: 4_096)
            #expect(throws: SystemError(call: "fcntl(F_ADD_SEALS)", errno: .busy)) { try file.addSeals(.write) }
            _ = mapping.length
        }
        try file.addSeals(.write)
        #expect(throws: SystemError(call: "mmap", errno: .notPermitted)) {
            _ = try WritableMapping(file, length: 4_096)
        }
        _ = try ReadOnlyMapping(file, length: 4_096)
    }

    @Test func futureWriteSparesMappingsThatAreThere() throws {
        let file = TestFile.memfd(4_096)
        var mapping = try WritableMapping(file, length: 4_096)
        try file.addSeals(.futureWrite)
        mapping.withMutableBytes(in: 0..<1) { $0.storeBytes(of: 7, as: UInt8.self) }
        #expect(throws: SystemError(call: "mmap", errno: .notPermitted)) {
            _ = try WritableMapping(file, length: 4_096)
        }
    }

    @Test func filesWithoutSealsSaySo() throws {
        let posix = TestFile.posix(10)
        #expect(try seals(of: posix) == .seal)
        let unsealable = TestFile.memfd(10, allowSealing: false)
        #expect(try seals(of: unsealable) == .seal)
        let pipe = TestFile.pipe()
        #expect(try seals(of: pipe) == nil)
        let folder = TestFile.open("/", O_RDONLY | O_DIRECTORY)
        #expect(try seals(of: folder) == nil)
        let path = TestFile.open("/dev/null", pathOnly)
        #expect(try seals(of: path) == nil)
    }

    @Test func readersCantSeal() throws {
        let reader = TestFile.reopened(TestFile.memfd(4_096), O_RDONLY)
        #expect(throws: SystemError(call: "fcntl(F_ADD_SEALS)", errno: .notPermitted)) { try reader.addSeals(.shrink) }
    }

    @Test func theKindOfADescriptorIsTold() throws {
        let pipe = try DescriptorFacts.read(TestFile.pipe())
        #expect(pipe.kind == .pipe)
        let socket = try DescriptorFacts.read(SocketPair().first)
        #expect(socket.kind == .socket)
        let event = try DescriptorFacts.read(TestFile.event())
        #expect(event.kind == .anonymous)
        let device = try DescriptorFacts.read(TestFile.open("/dev/zero", O_WRONLY))
        #expect(device.kind == .characterDevice && device.access == .writeOnly)
        let folder = try DescriptorFacts.read(TestFile.open("/tmp", O_RDONLY | O_DIRECTORY))
        #expect(folder.kind == .directory && folder.access == .readOnly)
        let path = try DescriptorFacts.read(TestFile.open("/tmp", pathOnly))
        #expect(path.access == .pathOnly)
        #expect(DescriptorFacts.Kind.regular.description == "a regular file")
    }

    /// O_PATH.
    private let pathOnly: CInt = 0o10_000_000

    private func seals(of file: borrowing Descriptor) throws -> Seals? { try file.seals() }
}
