import CLinux
import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

/// A canvas in shared memory, as a fault has it.
final class FaultyCanvas: Canvas {
    private var mapping: WritableMapping
    /// Kept alive by a fault.
    private let pool: WlShmPool?

    init(shm: WlShm, width: Int, height: Int, fault: Fault) throws {
        let size = width * height * 4
        let file = try Self.file(size, fault)
        mapping = try WritableMapping(file, length: size)
        let pool = shm.createPool(fd: file, size: Int32(size))
        let buffer = pool.createBuffer(
            offset: 0,
            width: Int32(width),
            height: Int32(height),
            stride: Int32(width * 4),
            format: fault == .otherFormat ? .xbgr8888 : .argb8888
        )
        if fault == .leaksPools {
            self.pool = pool
        } else {
            pool.destroy()
            self.pool = nil
        }
        super.init(buffer: buffer, width: width, height: height, stride: width * 4, origin: "shared memory")
    }

    private static func file(_ size: Int, _ fault: Fault) throws -> Descriptor {
        let number: CInt
        switch fault {
        case .unsealed:
            number = unsafe memfd_create("faulty", SIGNET_MFD_CLOEXEC | SIGNET_MFD_ALLOW_SEALING)
        case .unsealable: number = unsafe memfd_create("faulty", SIGNET_MFD_CLOEXEC)
        case .sharedFile:
            let name = "/faulty-\(getpid())"
            number = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            unsafe shm_unlink(name)
        default: return try AnonymousFile.create(name: "faulty", size: size).descriptor.duplicate()
        }
        guard number >= 0, ftruncate(number, off_t(size)) == 0 else {
            throw SystemError(call: "memfd_create", errno: Errno(rawValue: errno))
        }
        return Descriptor(owning: number)
    }

    override func withMutableBytes(_ body: (inout MutableRawSpan) -> Void) throws {
        mapping.withMutableBytes(in: 0..<mapping.length, body)
    }
}
