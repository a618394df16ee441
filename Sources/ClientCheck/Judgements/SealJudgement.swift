import Glibc
import SharedMemory

/// Whether shared memory comes sealed, so that nobody who maps it can be killed by SIGBUS.
final class SealJudgement: Judgement {
    override class var name: String { "seals" }
    override class var summary: String { "shared memory is sealed against shrinking before wl_shm.create_pool" }

    private static let rule = """
        fcntl(2), File Sealing: without F_SEAL_SHRINK whoever maps the file gets SIGBUS when it is truncated
        """
    private static let remedy = """
        memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), ftruncate, then fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), \
        all of it before wl_shm.create_pool
        """

    override func hear(_ occurrence: Occurrence) {
        guard case .poolCreated(let pool) = occurrence else { return }
        guard let seals = pool.sealsOnArrival else {
            report(
                .warning,
                pool.object.name,
                "its file knows no seals",
                rule: Self.rule,
                remedy: Self.remedy,
                key: "no memfd"
            )
            return
        }
        if seals.contains(.shrink) { return }
        if seals.contains(.seal) {
            let isMemfd = Self.path(of: pool.file).hasPrefix("/memfd:")
            report(
                .warning,
                pool.object.name,
                isMemfd ? "its memfd was made without MFD_ALLOW_SEALING" : "its file is no memfd, and can't be sealed",
                rule: Self.rule,
                remedy: Self.remedy,
                key: isMemfd ? "unsealable" : "no memfd"
            )
        } else {
            // Whether the client seals it later doesn't show, as the compositor may have done it.
            report(
                .warning,
                pool.object.name,
                "its memfd allows seals, and had no F_SEAL_SHRINK when it came with wl_shm.create_pool",
                rule: Self.rule,
                remedy: Self.remedy,
                key: "unsealed"
            )
        }
    }

    private static func path(of file: borrowing Descriptor) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink("/proc/self/fd/\(file.rawValue)", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
