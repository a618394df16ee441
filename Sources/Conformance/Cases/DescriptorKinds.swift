internal import CLinux
internal import Glibc
internal import SharedMemory

extension Group {
    /// What a client may send as a pool's memory. Nothing but memory can be mapped, so nothing but memory is to be
    /// taken; what comes of it instead may be found out later than create_pool.
    package static let descriptors = Group(
        "descriptors",
        [
            refused("pipe") { try unsafe pair { unsafe pipe($0) } },
            refused("socket") { try unsafe pair { unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, $0) } },
            refused("tcp-socket") {
                Descriptor(owning: try SystemCall.run("socket") { socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) })
            },
            refused("dev-null") { try opened("/dev/null", O_RDWR) },
            taken("dev-zero", "a device that can be mapped: may be refused") { try opened("/dev/zero", O_RDWR) },
            refused("directory") { try opened("/", O_RDONLY | O_DIRECTORY) },
            refused("path-only") { try opened("/tmp", SIGNET_O_PATH) },
            refused("path-only-memory") {
                let file = try AnonymousFile.create(name: "path", size: Window.size)
                return try opened("/proc/self/fd/\(file.descriptor.rawValue)", SIGNET_O_PATH)
            },
            refused("write-only-memory") {
                let file = try AnonymousFile.create(name: "path", size: Window.size)
                return try opened("/proc/self/fd/\(file.descriptor.rawValue)", O_WRONLY)
            },
            refused("eventfd") {
                Descriptor(owning: try SystemCall.run("eventfd") { eventfd(0, CInt(EFD_CLOEXEC)) })
            },
            refused("epoll") {
                Descriptor(owning: try SystemCall.run("epoll_create1") { epoll_create1(0) })
            },
            refused("fifo") {
                let path = "/tmp/signet-conformance-fifo-\(getpid())"
                _ = try SystemCall.run("mkfifo") { unsafe mkfifo(path, 0o600) }
                defer { unsafe unlink(path) }
                return try opened(path, O_RDWR)
            },
            refused("proc-file") { try opened("/proc/self/maps", O_RDONLY) },
            taken("empty-memory", "a file of no bytes: must be harmless") { try AnonymousFile.memfd("empty") },
            taken("file-on-disk", "a file of a file system's: may be refused") {
                var path = Array("/var/tmp/signet-conformance-XXXXXX".utf8CString)
                let file = Descriptor(owning: try SystemCall.run("mkstemp") { unsafe mkstemp(&path) })
                unsafe unlink(path)
                try file.setSize(Window.size)
                return file
            },
            taken("dev-shm", "POSIX shared memory, as toolkits make it without memfd_create: may be refused") {
                try AnonymousFile.posixSharedMemory(size: Window.size).descriptor.duplicate()
            },
            taken("hugetlb", "memory of huge pages: may be refused") {
                let number = unsafe memfd_create("huge", SIGNET_MFD_CLOEXEC | SIGNET_MFD_ALLOW_SEALING | 4)
                guard number >= 0 else { throw Skipped("there is no hugetlbfs here") }
                let file = Descriptor(owning: number)
                try file.setSize(2 << 20)
                return file
            },
            Case("lingering-socket", "a socket that its closing waits for mustn't hold up others") { trial in
                let sockets = (0..<4).map { _ in LingeringSocket(seconds: 2) }
                var next = 0
                return try trial.longestWait {
                    guard next < sockets.count else { return false }
                    let other = try trial.connect()
                    _ = try other.createPool(other.shm(), sockets[next].take(), size: 4_096)
                    _ = other.answer()
                    next += 1
                    return true
                }
            },
        ]
    )

    private static func opened(_ path: String, _ flags: CInt) throws -> Descriptor {
        Descriptor(owning: try SystemCall.run("open") { unsafe open(path, flags | O_CLOEXEC) })
    }

    /// One of two ends; the other is closed.
    private static func pair(_ make: (UnsafeMutablePointer<CInt>) -> CInt) throws -> Descriptor {
        var ends: [CInt] = [-1, -1]
        _ = try SystemCall.run("pipe2") { unsafe make(&ends) }
        _ = Descriptor(owning: ends[1])
        return Descriptor(owning: ends[0])
    }

    /// It can't be mapped for reading.
    private static func refused(_ name: String, make: @escaping @Sendable () throws -> Descriptor) -> Case {
        sent(name, "a descriptor that can't be mapped: invalid_fd", [.error(.shmDescriptor)], make)
    }

    /// It can be mapped, and could be trouble.
    private static func taken(
        _ name: String,
        _ rule: String,
        make: @escaping @Sendable () throws -> Descriptor
    ) -> Case {
        sent(name, rule, [.served, .error(.shmDescriptor), .closed], make)
    }

    private static func sent(
        _ name: String,
        _ rule: String,
        _ allowed: [Allowed],
        _ make: @escaping @Sendable () throws -> Descriptor
    ) -> Case {
        Case(name, "wl_shm.create_pool: \(rule)") { trial in
            let client = try trial.client()
            let window = try Window(client)
            try window.configure()
            let pool = try client.createPool(client.shm(), make(), size: Int32(Window.size))
            client.show(
                window.surface,
                client.createBuffer(pool, width: Window.width, height: Window.height)
            )
            let verdict = try trial.expect(allowed)
            client.linger(milliseconds: client.isOpen ? 50 : 0)
            return verdict
        }
    }
}
