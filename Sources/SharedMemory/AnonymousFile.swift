internal import CLinux
internal import Glibc

/// Memory that can be handed to another process by descriptor, and has no name.
///
/// A memfd that is sized and then sealed, so that whoever receives it can rely on its size. Where memfd_create(2) is
/// missing (ENOSYS) or forbidden, as by a sandbox's seccomp filter (EPERM, EACCES or EINVAL), it is a shm_open(3) file
/// with a random name that is unlinked at once. Such a file can't be sealed, and a careful receiver won't map it.
public struct AnonymousFile: ~Copyable, Sendable {
    /// What the file is.
    public enum Backing: Hashable, Sendable {
        /// A memfd with these seals at first.
        case memfd(Seals)
        /// An unlinked file of POSIX shared memory.
        case posixSharedMemory
    }

    /// The file, open for reading and writing.
    public let descriptor: Descriptor
    /// What the file is.
    public let backing: Backing
    /// Its length in bytes.
    public private(set) var size: Int
    /// For the fallback: the same file, open for reading only.
    private let reader: Descriptor?

    /// Makes a file of `size` bytes, all zero, that carries `seals` where the kernel has them.
    ///
    /// `name` shows in /proc/PID/maps and /proc/PID/fd, and means nothing. Running out of descriptors or memory is an
    /// error, and not a reason to fall back.
    public static func create(
        name: String,
        size: Int,
        seals: Seals = .shrink
    ) throws(SystemError) -> AnonymousFile {
        do throws(SystemError) {
            let descriptor = try memfd(name)
            try truncate(descriptor, to: size)
            try descriptor.addSeals(seals)
            return AnonymousFile(descriptor: descriptor, backing: .memfd(seals), size: size, reader: nil)
        } catch {
            guard error.call == "memfd_create", isRefusal(error.errno) else { throw error }
        }
        return try posixSharedMemory(size: size)
    }

    /// A file with this content that nobody can change: sealed against everything where it is a memfd, and open for
    /// reading only, so that any receiver can map it, shared or not, whatever its kernel thinks of sealed mappings.
    public static func constant(name: String, content: [UInt8]) throws(SystemError) -> Descriptor {
        let file = try create(name: name, size: content.count)
        do {
            var mapping = try WritableMapping(file.descriptor, length: content.count)
            mapping.withMutableBytes(in: 0..<content.count) { bytes in
                for (offset, byte) in content.enumerated() {
                    bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                }
            }
        }
        if case .memfd = file.backing { try file.descriptor.addSeals([.grow, .write, .seal]) }
        return try file.readOnlyDescriptor()
    }

    /// What memfd_create(2) does in this process.
    public enum MemfdSupport: Hashable, Sendable {
        /// It makes files that take seals.
        case works
        /// ENOSYS: the kernel doesn't have the call.
        case missing
        /// Something forbids it, as a sandbox's seccomp filter does.
        case forbidden(Errno)
    }

    /// Tries memfd_create(2). Passing failures, as for want of descriptors, count as ``MemfdSupport/works``.
    public static var memfdSupport: MemfdSupport {
        do throws(SystemError) {
            _ = try memfd("signet-probe")
            return .works
        } catch {
            if error.errno == .noSystemCall { return .missing }
            return isRefusal(error.errno) ? .forbidden(error.errno) : .works
        }
    }

    /// Whether memfd_create(2) failed with an error that it will give each time: the call isn't there (ENOSYS), or a
    /// seccomp filter, a security module or an old kernel's rules forbid it.
    private static func isRefusal(_ error: Errno) -> Bool {
        [.noSystemCall, .notPermitted, .accessDenied, .invalidArgument].contains(error)
    }

    private init(
        descriptor: consuming Descriptor,
        backing: Backing,
        size: Int,
        reader: consuming Descriptor?
    ) {
        self.descriptor = descriptor
        self.backing = backing
        self.size = size
        self.reader = reader
    }

    /// A descriptor for somebody who is to read and not to write.
    ///
    /// For the fallback one that is open for reading only. A memfd's is open for writing too: what its holder can do is
    /// the seals' business.
    public borrowing func readerDescriptor() throws(SystemError) -> Descriptor {
        switch reader {
        case .some(let reader): return try reader.duplicate()
        case .none: return try descriptor.duplicate()
        }
    }

    /// A descriptor that is open for reading only, so that it can be mapped shared even where a seal forbids writing:
    /// kernels before 6.7 refuse that for one that could write.
    ///
    /// Opens /proc/self/fd; where that isn't there, it is a copy of ``descriptor``.
    public borrowing func readOnlyDescriptor() throws(SystemError) -> Descriptor {
        if case .posixSharedMemory = backing { return try readerDescriptor() }
        let path = "/proc/self/fd/\(descriptor.rawValue)"
        do throws(SystemError) {
            return Descriptor(owning: try SystemCall.run("open") { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        } catch {
            return try descriptor.duplicate()
        }
    }

    /// Makes the file longer. EPERM where it is sealed against growing; a shorter length is EINVAL.
    public mutating func grow(to size: Int) throws(SystemError) {
        guard size >= self.size else { throw SystemError(call: "ftruncate", errno: .invalidArgument) }
        try Self.truncate(descriptor, to: size)
        if case .posixSharedMemory = backing { try Self.allocate(descriptor, size: size) }
        self.size = size
    }

    private static func allocate(_ descriptor: borrowing Descriptor, size: Int) throws(SystemError) {
        let number = descriptor.rawValue
        guard size > 0 else { return }
        _ = try SystemCall.run("posix_fallocate") {
            // It returns the error and leaves errno alone.
            let error = posix_fallocate(number, 0, size)
            errno = error
            return error == 0 ? 0 : -1
        }
    }

    private static func truncate(_ descriptor: borrowing Descriptor, to size: Int) throws(SystemError) {
        let number = descriptor.rawValue
        _ = try SystemCall.run("ftruncate") { ftruncate(number, size) }
    }

    /// A memfd that takes seals, made never to be executed where that is possible.
    ///
    /// Kernels before 6.3 know no MFD_NOEXEC_SEAL (EINVAL), and later ones can insist on it (vm.memfd_noexec=2, EACCES
    /// without it), so that both ways are tried. The error is that of the second.
    package static func memfd(_ name: String) throws(SystemError) -> Descriptor {
        let flags = SIGNET_MFD_CLOEXEC | SIGNET_MFD_ALLOW_SEALING
        do throws(SystemError) {
            return Descriptor(
                owningMemory: try SystemCall.run("memfd_create") {
                    unsafe memfd_create(name, flags | SIGNET_MFD_NOEXEC_SEAL)
                }
            )
        } catch {
            guard error.errno != .noSystemCall, isRefusal(error.errno) else { throw error }
        }
        return Descriptor(owningMemory: try SystemCall.run("memfd_create") { unsafe memfd_create(name, flags) })
    }

    /// The fallback, also where it isn't needed.
    ///
    /// Its pages are allocated at once: /dev/shm has a size limit (64 MiB in many containers), and a page that doesn't
    /// fit raises SIGBUS when it is first written, where posix_fallocate(3) says ENOSPC.
    package static func posixSharedMemory(size: Int) throws(SystemError) -> AnonymousFile {
        for _ in 0..<100 {
            var random: UInt64 = 0
            _ = try SystemCall.run("getrandom") { unsafe getrandom(&random, MemoryLayout<UInt64>.size, 0) }
            let name = "/signet-" + String(random, radix: 36)
            let descriptor: Descriptor
            do throws(SystemError) {
                descriptor = Descriptor(
                    owningMemory: try SystemCall.run("shm_open") {
                        unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                    }
                )
            } catch {
                if error.errno == .exists { continue }
                throw error
            }
            defer { _ = unsafe shm_unlink(name) }
            let reader = Descriptor(
                owning: try SystemCall.run("shm_open") { unsafe shm_open(name, O_RDONLY | O_CLOEXEC, 0) }
            )
            try truncate(descriptor, to: size)
            try allocate(descriptor, size: size)
            return AnonymousFile(descriptor: descriptor, backing: .posixSharedMemory, size: size, reader: reader)
        }
        throw SystemError(call: "shm_open", errno: .exists)
    }
}
