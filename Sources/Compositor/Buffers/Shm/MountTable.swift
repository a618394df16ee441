internal import SharedMemory

/// Which file system a descriptor is on, without asking that: it may be a process that takes its time.
///
/// The kernel knows the mount of an open file by a number, and lists mounts with their types; statx(2), STATX_MNT_ID,
/// and proc_pid_mountinfo(5).
enum MountTable {
    /// The type's name; nil where neither this process nor the sender sees the mount.
    static func fileSystem(of descriptor: borrowing Descriptor, sentBy process: Int32) -> String? {
        guard let mount = descriptor.mountWithoutAsking() else { return nil }
        return fileSystem(of: mount, in: "/proc/self/mountinfo")
            ?? fileSystem(of: mount, in: "/proc/\(process)/mountinfo")
    }

    private static func fileSystem(of mount: UInt64, in path: String) -> String? {
        guard let bytes = readFile(path, upTo: 8 << 20) else { return nil }
        return type(of: mount, in: bytes)
    }

    /// Finds a mount in a list. A line has the number, five more fields, any number of optional ones, a hyphen, the
    /// type, and what is left; fields are separated by single spaces.
    static func type(of mount: UInt64, in list: [UInt8]) -> String? {
        let (space, hyphen) = (UInt8(ascii: " "), UInt8(ascii: "-"))
        let wanted = Array("\(mount)".utf8)
        for line in list.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: space, omittingEmptySubsequences: false)
            guard fields.count > 6, fields[0].elementsEqual(wanted) else { continue }
            let end = fields[6...].firstIndex { $0.elementsEqual([hyphen]) }
            guard let end, end + 1 < fields.count else { return nil }
            return String(decoding: fields[end + 1], as: UTF8.self)
        }
        return nil
    }
}
