internal import CLinux
internal import Glibc

/// Memory that can be handed to another process by descriptor, and has no name.
///
/// A memfd that is sized and then sealed, so that whoever receives it can rely on its size. Kernels without
/// memfd_create(2) say ENOSYS; there, and only there, it is a shm_open(3) file with a random name that is unlinked at
/// once. Such a file can't be sealed, and a careful receiver won't map it.
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
    /// `name` shows in /proc/PID/maps and /proc/PID/fd, and means nothing.
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
            guard error == SystemError(call: "memfd_create", errno: .noSystemCall) else { throw error }
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

    /// Whether memfd_create(2) is there at all.
    public static var kernelHasMemfd: Bool {
        do throws(SystemError) {
            _ = try memfd("signet-probe")
            return true
        } catch {
            return error.errno != .noSystemCall
        }
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
        self.size = size
    }

    private static func truncate(_ descriptor: borrowing Descriptor, to size: Int) throws(SystemError) {
        let number = descriptor.rawValue
        _ = try SystemCall.run("ftruncate") { ftruncate(number, size) }
    }

    private static func memfd(_ name: String) throws(SystemError) -> Descriptor {
        let flags = SIGNET_MFD_CLOEXEC | SIGNET_MFD_ALLOW_SEALING
        do throws(SystemError) {
            // Never to be executed, where the kernel (6.3 and later) knows how to say so.
            return Descriptor(
                owning: try SystemCall.run("memfd_create") { unsafe memfd_create(name, flags | SIGNET_MFD_NOEXEC_SEAL) }
            )
        } catch {
            guard error.errno == .invalidArgument else { throw error }
        }
        return Descriptor(owning: try SystemCall.run("memfd_create") { unsafe memfd_create(name, flags) })
    }

    /// The fallback, also where it isn't needed.
    package static func posixSharedMemory(size: Int) throws(SystemError) -> AnonymousFile {
        for _ in 0..<100 {
            var random: UInt64 = 0
            _ = try SystemCall.run("getrandom") { unsafe getrandom(&random, MemoryLayout<UInt64>.size, 0) }
            let name = "/signet-" + String(random, radix: 36)
            let descriptor: Descriptor
            do throws(SystemError) {
                descriptor = Descriptor(
                    owning: try SystemCall.run("shm_open") {
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
            return AnonymousFile(descriptor: descriptor, backing: .posixSharedMemory, size: size, reader: reader)
        }
        throw SystemError(call: "shm_open", errno: .exists)
    }
}
