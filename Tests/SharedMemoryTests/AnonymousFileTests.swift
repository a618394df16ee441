import Glibc
import SharedMemory
import TestSupport
import Testing

/// Files without a name: sealed memfds, and what takes their place where there are none.
@Suite(.serialized) struct AnonymousFileTests {
    private func create(size: Int = 4_096, seals: Seals = .shrink) throws(SystemError) -> AnonymousFile {
        try AnonymousFile.create(name: "signet-file-test", size: size, seals: seals)
    }

    @Test func aMemfdIsSizedAndThenSealed() throws {
        let file = try create(size: 10_000)
        #expect(file.backing == .memfd(.shrink) && file.size == 10_000)
        let facts = try DescriptorFacts.read(file.descriptor)
        #expect(facts.kind == .regular && facts.fileSystem == .tmpfs && facts.access == .readWrite)
        #expect(facts.size == 10_000)
        #expect(facts.seals!.subtracting(.exec) == .shrink)
        let canShrink = TestFile.truncate(file.descriptor, to: 9_999)
        #expect(!canShrink)
    }

    @Test func itGrowsAndDoesNotShrink() throws {
        var file = try create()
        try file.grow(to: 8_192)
        #expect(file.size == 8_192)
        #expect(throws: SystemError(call: "ftruncate", errno: .invalidArgument)) { try file.grow(to: 8_191) }
        let facts = try DescriptorFacts.read(file.descriptor)
        #expect(facts.size == 8_192)
    }

    @Test func aFileSealedAgainstGrowingSaysSo() throws {
        var file = try create(seals: [.shrink, .grow])
        #expect(throws: SystemError(call: "ftruncate", errno: .notPermitted)) { try file.grow(to: 8_192) }
        #expect(file.size == 4_096)
    }

    @Test func withoutMemfdItIsAnUnlinkedFileThatCantBeSealed() throws {
        let faults = InjectedFaults(["memfd_create": [.noSystemCall]])
        try InjectedFaults.$current.withValue(faults) {
            let before = TestFile.names(in: "/dev/shm")
            let file = try create()
            #expect(faults.isUsedUp)
            #expect(file.backing == .posixSharedMemory && file.size == 4_096)
            #expect(TestFile.names(in: "/dev/shm") == before)
            let facts = try DescriptorFacts.read(file.descriptor)
            #expect(facts.kind == .regular && facts.size == 4_096 && facts.seals == .seal)
            #expect(throws: SystemError(call: "fcntl(F_ADD_SEALS)", errno: .notPermitted)) {
                try file.descriptor.addSeals(.shrink)
            }
        }
    }

    @Test func aReaderOfTheFallbackCantWrite() throws {
        try InjectedFaults.$current.withValue(InjectedFaults(["memfd_create": [.noSystemCall]])) {
            let reader = try create().readerDescriptor()
            let facts = try DescriptorFacts.read(reader)
            #expect(facts.access == .readOnly)
            #expect(throws: SystemError(call: "mmap", errno: .accessDenied)) {
                _ = try WritableMapping(reader, length: 4_096)
            }
        }
    }

    @Test func aTakenNameIsTriedAgain() throws {
        let faults = InjectedFaults(["memfd_create": [.noSystemCall], "shm_open": [.exists, .exists]])
        try InjectedFaults.$current.withValue(faults) {
            let backing = try create().backing
            #expect(backing == .posixSharedMemory)
            #expect(faults.isUsedUp)
        }
    }

    @Test func namesThatAreAllTakenAreAnError() {
        let faults = InjectedFaults([
            "memfd_create": [.noSystemCall], "shm_open": Array(repeating: .exists, count: 100),
        ])
        InjectedFaults.$current.withValue(faults) {
            #expect(throws: SystemError(call: "shm_open", errno: .exists)) { _ = try create() }
        }
    }

    @Test func kernelsThatDontKnowNoexecAreAskedAgain() throws {
        let faults = InjectedFaults(["memfd_create": [.invalidArgument, nil]])
        try InjectedFaults.$current.withValue(faults) {
            let backing = try create().backing
            #expect(backing == .memfd(.shrink))
            #expect(faults.isUsedUp)
        }
    }

    @Test func interruptedCallsAreRepeated() throws {
        let faults = InjectedFaults([
            "memfd_create": [.interrupted, nil], "ftruncate": [.interrupted, .interrupted, nil],
            "fcntl(F_ADD_SEALS)": [.interrupted, nil],
        ])
        try InjectedFaults.$current.withValue(faults) {
            let backing = try create().backing
            #expect(backing == .memfd(.shrink))
            #expect(faults.isUsedUp)
        }
    }

    @Test(arguments: [
        (call: "memfd_create", errno: Errno.tooManyOpenFiles), ("memfd_create", .noMemory),
        ("ftruncate", .noMemory), ("ftruncate", .notPermitted), ("fcntl(F_ADD_SEALS)", .notPermitted),
        ("fcntl(F_ADD_SEALS)", .busy), ("shm_open", .tooManyOpenFiles), ("getrandom", .noSystemCall),
    ])
    func otherErrorsArePassedOnAndLeakNothing(call: String, errno: Errno) {
        var plan: [String: [Errno?]] = [call: [errno]]
        if call == "shm_open" || call == "getrandom" { plan["memfd_create"] = [.noSystemCall] }
        let before = openDescriptorCount()
        InjectedFaults.$current.withValue(InjectedFaults(plan)) {
            #expect(throws: SystemError(call: call, errno: errno)) { _ = try create() }
        }
        #expect(openDescriptorCount() == before)
    }

    @Test func theSecondOpeningOfTheFallbackMayFailToo() {
        let before = (openDescriptorCount(), TestFile.names(in: "/dev/shm"))
        let faults = InjectedFaults(["memfd_create": [.noSystemCall], "shm_open": [nil, .tooManyOpenFiles]])
        InjectedFaults.$current.withValue(faults) {
            #expect(throws: SystemError(call: "shm_open", errno: .tooManyOpenFiles)) { _ = try create() }
        }
        #expect((openDescriptorCount(), TestFile.names(in: "/dev/shm")) == before)
    }

    private func support(_ errors: [Errno?]) -> AnonymousFile.MemfdSupport {
        InjectedFaults.$current.withValue(InjectedFaults(["memfd_create": errors])) { AnonymousFile.memfdSupport }
    }

    @Test func aKernelIsAskedWhatItDoesWithMemfdCreate() {
        #expect(AnonymousFile.memfdSupport == .works)
        #expect(support([.noSystemCall]) == .missing)
        // A passing want says nothing about the call.
        #expect(support([.tooManyOpenFiles]) == .works)
        #expect(support([.invalidArgument, .tooManyOpenFiles]) == .works)
    }

    /// What seccomp profiles and old kernels say. vm.memfd_noexec=2 says EACCES to the second try alone.
    @Test(arguments: [Errno.notPermitted, .accessDenied, .invalidArgument])
    func aForbiddenMemfdCreateIsTriedBothWaysAndFallsBack(errno: Errno) throws {
        #expect(support([errno, errno]) == .forbidden(errno))
        #expect(support([errno, nil]) == .works)
        let forbidden = InjectedFaults(["memfd_create": [errno, errno]])
        try InjectedFaults.$current.withValue(forbidden) {
            let backing = try create().backing
            #expect(backing == .posixSharedMemory)
            #expect(forbidden.isUsedUp)
        }
        let withoutFlag = InjectedFaults(["memfd_create": [errno, nil]])
        try InjectedFaults.$current.withValue(withoutFlag) {
            let backing = try create().backing
            #expect(backing == .memfd(.shrink))
            #expect(withoutFlag.isUsedUp)
        }
    }

    @Test func theFallbacksPagesAreThereFromTheStart() throws {
        let faults = InjectedFaults(["memfd_create": [.noSystemCall], "posix_fallocate": [Errno(rawValue: ENOSPC)]])
        InjectedFaults.$current.withValue(faults) {
            let full = SystemError(call: "posix_fallocate", errno: Errno(rawValue: ENOSPC))
            #expect(throws: full) { _ = try create() }
        }
        try InjectedFaults.$current.withValue(InjectedFaults(["memfd_create": [.noSystemCall]])) {
            var file = try create(size: 100_000)
            #expect(TestFile.allocatedBytes(of: file.descriptor) >= 100_000)
            try file.grow(to: 200_000)
            #expect(TestFile.allocatedBytes(of: file.descriptor) >= 200_000)
        }
    }

    @Test func sizesThatCantBeAreErrors() {
        #expect(throws: SystemError(call: "ftruncate", errno: .invalidArgument)) { _ = try create(size: -1) }
    }
}
