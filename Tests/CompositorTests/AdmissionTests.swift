import Compositor
import SharedMemory
import Testing

/// The policy table, cell by cell, over plain facts.
@Suite struct AdmissionTests {
    private func facts(
        _ kind: DescriptorFacts.Kind = .regular,
        seals: Seals? = nil,
        on fileSystem: DescriptorFacts.FileSystem = .tmpfs,
        size: Int64 = 4_096,
        access: DescriptorFacts.Access = .readWrite
    ) -> DescriptorFacts {
        DescriptorFacts(kind: kind, seals: seals, fileSystem: fileSystem, size: size, access: access)
    }

    private func verdicts(_ facts: DescriptorFacts) -> [Admission.Verdict] {
        ShmPolicy.allCases.map { Admission(policy: $0).verdict(on: facts, size: 4_096) }
    }

    @Test func sealedMemoryIsMappedUnderEveryPolicy() {
        for seals: Seals in [.shrink, [.shrink, .grow], [.shrink, .seal], [.shrink, .write, .futureWrite]] {
            #expect(verdicts(facts(seals: seals)) == [.map, .map, .map])
        }
    }

    @Test func sealedMemoryMayBeReadOnly() {
        #expect(verdicts(facts(seals: .shrink, access: .readOnly)) == [.map, .map, .map])
    }

    @Test func sealableMemoryIsSealedUnlessThePolicyIsStrict() {
        #expect(verdicts(facts(seals: [])) == [.refuse(.missingSeal), .seal, .seal])
        #expect(verdicts(facts(seals: .grow)) == [.refuse(.missingSeal), .seal, .seal])
    }

    @Test func sealableMemoryThatIsReadOnlyCantBeSealed() {
        let refusal = Admission.Verdict.refuse(.unsealable(fileSystem: .tmpfs))
        #expect(verdicts(facts(seals: [], access: .readOnly)) == [refusal, refusal, .copy])
    }

    @Test func memoryWithSealedSealsIsCopiedOrRefused() {
        let refusal = Admission.Verdict.refuse(.unsealable(fileSystem: .tmpfs))
        #expect(verdicts(facts(seals: .seal)) == [refusal, refusal, .copy])
        #expect(verdicts(facts(seals: [.seal, .grow])) == [refusal, refusal, .copy])
    }

    @Test(arguments: [
        DescriptorFacts.FileSystem.tmpfs, .ramfs, .ext4, .xfs, .btrfs, .overlayfs,
    ])
    func ordinaryFilesAreCopiedOrRefused(fileSystem: DescriptorFacts.FileSystem) {
        let refusal = Admission.Verdict.refuse(.unsealable(fileSystem: fileSystem))
        #expect(verdicts(facts(on: fileSystem)) == [refusal, refusal, .copy])
    }

    @Test func filesThatCouldBlockAreRefused() {
        let nfs = DescriptorFacts.FileSystem.other(0x6969)
        #expect(verdicts(facts(on: nfs)).allSatisfy { $0 == .refuse(.unsuitableFileSystem(nfs)) })
        #expect(verdicts(facts(on: .dmaBuf)).allSatisfy { $0 == .refuse(.unsuitableFileSystem(.dmaBuf)) })
    }

    @Test func hugePagesAreRefusedSealedOrNot() {
        for seals: Seals? in [.shrink, [], .seal, nil] {
            #expect(verdicts(facts(seals: seals, on: .hugetlbfs)).allSatisfy { $0 == .refuse(.hugePages) })
        }
    }

    @Test(arguments: [
        DescriptorFacts.Kind.pipe, .socket, .directory, .characterDevice, .blockDevice, .symbolicLink, .anonymous,
    ])
    func whatIsNotAFileIsRefused(kind: DescriptorFacts.Kind) {
        #expect(verdicts(facts(kind)).allSatisfy { $0 == .refuse(.notMemory(kind)) })
    }

    @Test func whatCantBeReadIsRefused() {
        #expect(verdicts(facts(access: .pathOnly)).allSatisfy { $0 == .refuse(.pathOnly) })
        #expect(verdicts(facts(seals: .shrink, access: .writeOnly)).allSatisfy { $0 == .refuse(.notReadable) })
    }

    @Test func aFileSmallerThanItsPoolIsRefused() {
        let refusal = Admission.Verdict.refuse(.tooSmall(fileSize: 4_095, needed: 4_096))
        for seals: Seals? in [.shrink, [], .seal, nil] {
            var verdicts = verdicts(facts(seals: seals, size: 4_095))
            if seals == .seal || seals == nil {
                // What is only read may get its size until it is.
                #expect(verdicts.removeLast() == .copy)
            }
            #expect(verdicts.allSatisfy { $0 == refusal })
        }
    }

    @Test func nothingIsMappedWherePagesCanFault() {
        for policy in ShmPolicy.allCases {
            let admission = Admission(policy: policy, mappedPagesCanFault: true)
            #expect(admission.verdict(on: facts(seals: .shrink), size: 4_096) == .copy)
        }
    }

    @Test func refusalsSayWhatHelps() {
        #expect("\(Refusal.missingSeal)".contains("fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)"))
        #expect("\(Refusal.missingSeal)".contains("--shm-policy seal"))
        #expect("\(Refusal.unsealable(fileSystem: .tmpfs))".contains("memfd_create(MFD_ALLOW_SEALING)"))
        #expect("\(Refusal.unsealable(fileSystem: .tmpfs))".contains("--shm-policy copy"))
        #expect("\(Refusal.tooSmall(fileSize: 1, needed: 2))".contains("1 bytes and 2 are needed"))
    }
}
