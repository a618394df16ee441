public import SharedMemory

/// Decides what may be done with a descriptor, from what the kernel says about it.
///
/// This is where the rule stands that no shared memory is mapped whose owner can shrink it. The verdict is a pure
/// function of the facts, so that each can be shown in a test without a socket; what asks the kernel for them is below.
///
/// ``DescriptorFacts`` reads seals before the size. The other order would race: a file that is measured, truncated and
/// then sealed is smaller than it was measured.
public struct Admission: Sendable {
    /// What may be done.
    public enum Verdict: Equatable, Sendable {
        /// The size can only grow from here: map it.
        case map
        /// Add F_SEAL_SHRINK, read the facts again, and ask again.
        case seal
        /// Never map it; read pixels from it when they are committed.
        case copy
        /// Don't touch it.
        case refuse(Refusal)
    }

    /// How a descriptor is recognised, before any policy.
    enum Tier: Equatable {
        case sealed
        case sealable
        case unsealable
    }

    /// Which tiers are taken.
    public var policy: ShmPolicy
    /// Whether reading a mapped page can fail for want of memory even in a sealed file: vm.overcommit_memory is 2.
    /// Then nothing is mapped at all.
    public var mappedPagesCanFault: Bool

    /// Rules for `policy`; see proc_sys_vm(5) for the overcommit mode.
    public init(policy: ShmPolicy, mappedPagesCanFault: Bool = false) {
        self.policy = policy
        self.mappedPagesCanFault = mappedPagesCanFault
    }

    /// What may be done with a descriptor that has to hold `size` bytes.
    public func verdict(on facts: DescriptorFacts, size: Int64) -> Verdict {
        do throws(Refusal) {
            let tier = try tier(of: facts)
            // What is only ever read may get its size until it is.
            let isRead = tier == .unsealable && policy == .copy
            guard facts.size >= size || isRead else { throw .tooSmall(fileSize: facts.size, needed: size) }
            switch (tier, policy) {
            case (.sealed, _): return mappedPagesCanFault ? .copy : .map
            case (.sealable, .strict): throw .missingSeal
            case (.sealable, .seal), (.sealable, .copy): return .seal
            case (.unsealable, .copy): return .copy
            case (.unsealable, .strict), (.unsealable, .seal): throw .unsealable(fileSystem: facts.fileSystem)
            }
        } catch {
            return .refuse(error)
        }
    }

    private func tier(of facts: DescriptorFacts) throws(Refusal) -> Tier {
        if facts.access == .pathOnly { throw .pathOnly }
        guard facts.kind == .regular else { throw .notMemory(facts.kind) }
        guard facts.access != .writeOnly else { throw .notReadable }
        if facts.fileSystem == .hugetlbfs { throw .hugePages }
        // Only memfds on tmpfs can carry F_SEAL_SHRINK: elsewhere the kernel knows no seals.
        if let seals = facts.seals, facts.fileSystem == .tmpfs {
            if seals.contains(.shrink) { return .sealed }
            // Adding a seal needs write access, and that nobody sealed the seals.
            if !seals.contains(.seal), facts.access == .readWrite { return .sealable }
        }
        switch facts.fileSystem {
        case .tmpfs, .ramfs, .ext4, .xfs, .btrfs, .overlayfs: return .unsealable
        default: throw .unsuitableFileSystem(facts.fileSystem)
        }
    }
}

extension Admission {
    /// How memory that was admitted is read.
    public enum Access: Equatable, Sendable {
        /// Through a kept mapping. The flag tells whether the seal was put on here.
        case mapped(sealedOnArrival: Bool)
        /// By pread, when pixels are committed.
        case copied
    }

    /// Memory that was admitted, and what was known of it then.
    struct Admitted: Sendable {
        let access: Access
        let facts: DescriptorFacts
    }

    /// What can be told at once: asks nobody but the kernel's own memory file system, and waits for no lock that others
    /// hold while they wait. Nil where ``admit(_:size:of:)`` has to find out.
    func glance(at descriptor: borrowing Descriptor, size: Int64) throws(Refusal) -> Admitted? {
        guard try seals(of: descriptor) != nil else {
            if policy == .copy { return nil }
            try refuseOtherThanFiles(descriptor)
            throw .unsealable(fileSystem: nil)
        }
        let facts = try facts(of: descriptor)
        switch verdict(on: facts, size: size) {
        case .map: return Admitted(access: .mapped(sealedOnArrival: false), facts: facts)
        case .copy: return Admitted(access: .copied, facts: facts)
        // Adding one waits for whoever writes into the file.
        case .seal: return nil
        case .refuse(let refusal): throw refusal
        }
    }

    /// Looks at `descriptor`, which a process has sent, and does what the verdict says, up to but not including the
    /// mapping. Can take as long as the file's owner likes.
    func admit(_ descriptor: borrowing Descriptor, size: Int64, of process: Int32) throws(Refusal) -> Admitted {
        if let admitted = try glance(at: descriptor, size: size) { return admitted }
        if try seals(of: descriptor) == nil {
            try refuseUnsuitable(descriptor, of: process)
        }
        var sealedOnArrival = false
        while true {
            let facts = try facts(of: descriptor)
            switch verdict(on: facts, size: size) {
            case .map: return Admitted(access: .mapped(sealedOnArrival: sealedOnArrival), facts: facts)
            case .copy: return Admitted(access: .copied, facts: facts)
            case .refuse(let refusal): throw refusal
            case .seal:
                // A seal that was added and doesn't show would otherwise be added for ever.
                guard !sealedOnArrival else { throw .missingSeal }
                do { try descriptor.addSeals(.shrink) } catch { throw .unreadable(error) }
                sealedOnArrival = true
            }
        }
    }

    private func seals(of descriptor: borrowing Descriptor) throws(Refusal) -> Seals? {
        do { return try descriptor.seals() } catch { throw .unreadable(error) }
    }

    /// Refuses what isn't an open file, without asking its file system, which may take its time.
    private func refuseOtherThanFiles(_ descriptor: borrowing Descriptor) throws(Refusal) {
        if (try? descriptor.isPathOnly()) == true { throw .pathOnly }
        if let kind = DescriptorFacts.kindWithoutAsking(descriptor), kind != .regular { throw .notMemory(kind) }
    }

    /// Refuses what isn't a file on one of the file systems that answer by themselves, before that is asked anything.
    private func refuseUnsuitable(_ descriptor: borrowing Descriptor, of process: Int32) throws(Refusal) {
        try refuseOtherThanFiles(descriptor)
        let name = MountTable.fileSystem(of: descriptor, sentBy: process)
        guard let name, Self.suitableFileSystems.contains(name) else { throw .unknownFileSystem(name: name) }
    }

    /// As /proc/PID/mountinfo names those that ``verdict(on:size:)`` takes.
    private static let suitableFileSystems: Set<String> = [
        "tmpfs", "devtmpfs", "ramfs", "rootfs", "ext2", "ext3", "ext4", "xfs", "btrfs", "overlay",
    ]

    private func facts(of descriptor: borrowing Descriptor) throws(Refusal) -> DescriptorFacts {
        do { return try DescriptorFacts.read(descriptor) } catch { throw .unreadable(error) }
    }
}
