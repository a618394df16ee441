internal import CLinux
internal import Glibc
internal import SharedMemory

extension Group {
    /// Memory with and without seals, and with too many of them.
    package static let seals = Group(
        "seals",
        [
            shown("shrink", "memory that can't shrink: must be taken", .served) {
                try AnonymousFile.create(name: "sealed", size: Window.size).descriptor.duplicate()
            },
            shown("shrink-grow-seal", "more seals than that: must be taken", .served) {
                let seals: Seals = [.shrink, .grow, .seal]
                return try AnonymousFile.create(name: "sealed", size: Window.size, seals: seals).descriptor.duplicate()
            },
            shown("write-sealed", "nobody writes any more: may be refused", .served, refused) {
                let seals: Seals = [.shrink, .grow, .write]
                return try AnonymousFile.create(name: "sealed", size: Window.size, seals: seals).descriptor.duplicate()
            },
            shown("future-write-sealed", "nobody else writes: may be refused", .served, refused) {
                let seals: Seals = [.shrink, .futureWrite]
                return try AnonymousFile.create(name: "sealed", size: Window.size, seals: seals).descriptor.duplicate()
            },
            shown("read-only", "open for reading only, and sealed: may be refused", .served, refused) {
                try AnonymousFile.create(name: "sealed", size: Window.size).readOnlyDescriptor()
            },
            shown("unsealed", "it could shrink: may be refused", .served, refused) {
                let file = try AnonymousFile.memfd("unsealed")
                try file.setSize(Window.size)
                return file
            },
            shown("without-sealing", "memfd_create without MFD_ALLOW_SEALING: may be refused", .served, refused) {
                let file = try unsealableMemory()
                try file.setSize(Window.size)
                return file
            },
            shown("sealed-against-seals", "F_SEAL_SEAL alone, it could shrink: may be refused", .served, refused) {
                let file = try AnonymousFile.create(name: "seal", size: Window.size, seals: .seal)
                return try file.descriptor.duplicate()
            },
        ]
    )

    private static let refused = Allowed.error(.shmDescriptor)

    /// A window shows a buffer of this memory.
    private static func shown(
        _ name: String,
        _ rule: String,
        _ allowed: Allowed...,
        make: @escaping @Sendable () throws -> Descriptor
    ) -> Case {
        Case(name, "wl_shm.create_pool: \(rule)") { trial in
            let client = try trial.client()
            let window = try Window(client)
            try window.configure()
            let pool = try client.createPool(client.shm(), make(), size: Int32(Window.size))
            let frame = client.frame(window.surface)
            let buffer = client.createBuffer(pool, width: Window.width, height: Window.height)
            client.show(window.surface, buffer)
            let verdict = try trial.expect(allowed)
            if client.isOpen { try client.awaitFrame(frame, or: buffer) }
            return verdict
        }
    }
}

/// A memfd that takes no seals.
func unsealableMemory() throws -> Descriptor {
    Descriptor(
        owning: try SystemCall.run("memfd_create") { unsafe memfd_create("unsealable", SIGNET_MFD_CLOEXEC) }
    )
}

extension Descriptor {
    /// ftruncate(2).
    borrowing func setSize(_ size: Int) throws {
        let number = rawValue
        _ = try SystemCall.run("ftruncate") { ftruncate(number, off_t(size)) }
    }

    /// fallocate(2) with FALLOC_FL_PUNCH_HOLE.
    borrowing func punchHole(_ size: Int) {
        _ = fallocate(rawValue, SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE, 0, off_t(size))
    }
}
