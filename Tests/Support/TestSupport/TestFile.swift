import CLinux
import Glibc
public import SharedMemory

/// Descriptors of all the kinds that a client might send.
public enum TestFile {
    /// A memfd of `size` bytes with `seals`.
    public static func memfd(_ size: Int, seals: Seals = [], allowSealing: Bool = true) -> Descriptor {
        let flags = SIGNET_MFD_CLOEXEC | (allowSealing ? SIGNET_MFD_ALLOW_SEALING : 0)
        let descriptor = Descriptor(owning: check(unsafe memfd_create("signet-test", flags)))
        _ = check(ftruncate(descriptor.rawValue, size))
        if !seals.isEmpty { _ = check(signet_add_seals(descriptor.rawValue, seals.rawValue)) }
        return descriptor
    }

    /// A file of POSIX shared memory, unlinked at once.
    public static func posix(_ size: Int) -> Descriptor {
        let name = "/signet-test-\(getpid())"
        let descriptor = Descriptor(
            owning: check(unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        )
        unsafe shm_unlink(name)
        _ = check(ftruncate(descriptor.rawValue, size))
        return descriptor
    }

    /// An unlinked file in `folder`.
    public static func file(_ size: Int, in folder: String) -> Descriptor {
        var path = Array((folder + "/signet-XXXXXX").utf8CString)
        let descriptor = Descriptor(owning: check(unsafe mkstemp(&path)))
        unsafe unlink(path)
        _ = check(ftruncate(descriptor.rawValue, size))
        return descriptor
    }

    /// What open(2) gives.
    public static func open(_ path: String, _ flags: CInt) -> Descriptor {
        Descriptor(owning: check(unsafe Glibc.open(path, flags | O_CLOEXEC)))
    }

    /// The end of a pipe that is read from; the other is closed.
    public static func pipe() -> Descriptor {
        var numbers: [CInt] = [0, 0]
        _ = check(unsafe Glibc.pipe(&numbers))
        _ = Glibc.close(numbers[1])
        return Descriptor(owning: numbers[0])
    }

    /// An eventfd: a file of the kernel's without a type.
    public static func event() -> Descriptor {
        Descriptor(owning: check(eventfd(0, CInt(EFD_CLOEXEC))))
    }

    /// The same file, opened anew with other rights.
    public static func reopened(_ descriptor: borrowing Descriptor, _ flags: CInt) -> Descriptor {
        open("/proc/self/fd/\(descriptor.rawValue)", flags)
    }

    /// Makes a file longer or shorter; false where the kernel forbids it.
    @discardableResult
    public static func truncate(_ descriptor: borrowing Descriptor, to size: Int) -> Bool {
        ftruncate(descriptor.rawValue, size) == 0
    }

    /// Writes 32-bit pixels from byte `offset` on.
    public static func write(_ pixels: [UInt32], to descriptor: borrowing Descriptor, at offset: Int = 0) {
        let bytes = pixels.count * 4
        precondition(unsafe pwrite(descriptor.rawValue, pixels, bytes, offset) == bytes)
    }

    /// Writes bytes from `offset` on.
    public static func write(bytes: [UInt8], to descriptor: borrowing Descriptor, at offset: Int = 0) {
        precondition(unsafe pwrite(descriptor.rawValue, bytes, bytes.count, offset) == bytes.count)
    }

    /// Reads 32-bit pixels from byte `offset` on; those beyond the file's end are missing.
    public static func read(_ count: Int, from descriptor: borrowing Descriptor, at offset: Int = 0) -> [UInt32] {
        var pixels = [UInt32](repeating: 0, count: count)
        let bytes = unsafe pread(descriptor.rawValue, &pixels, count * 4, offset)
        return Array(pixels.prefix(max(0, bytes) / 4))
    }

    /// Bytes of memory that the file takes up.
    public static func allocatedBytes(of descriptor: borrowing Descriptor) -> Int {
        var status = stat()
        _ = check(unsafe fstat(descriptor.rawValue, &status))
        return Int(status.st_blocks) * 512
    }

    /// What a folder holds.
    public static func names(in folder: String) -> Set<String> {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: Set<String> = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            names.insert(name)
        }
        return names
    }

    private static func check(_ result: CInt) -> CInt {
        precondition(result >= 0, "errno \(errno)")
        return result
    }
}
