internal import CLinux
internal import Glibc

/// What the kernel says about a descriptor, as plain values: enough to decide whether its memory can be trusted.
///
/// The seals are read before the size. A file that carries F_SEAL_SHRINK has at least the size that is read afterwards,
/// for good; the other way round it could be measured, truncated and then sealed.
public struct DescriptorFacts: Hashable, Sendable {
    /// What kind of file it is; inode(7), S_IFMT.
    public enum Kind: Hashable, Sendable, CustomStringConvertible {
        case regular, directory, pipe, socket, characterDevice, blockDevice, symbolicLink
        /// Something without a type of its own, as an eventfd.
        case anonymous

        /// With its article, for use in a sentence.
        public var description: String {
            switch self {
            case .regular: "a regular file"
            case .directory: "a directory"
            case .pipe: "a pipe"
            case .socket: "a socket"
            case .characterDevice: "a character device"
            case .blockDevice: "a block device"
            case .symbolicLink: "a symbolic link"
            case .anonymous: "an anonymous file of the kernel"
            }
        }
    }

    /// Where it is; statfs(2), f_type.
    public enum FileSystem: Hashable, Sendable, CustomStringConvertible {
        case tmpfs, hugetlbfs, ramfs, ext4, xfs, btrfs, overlayfs, dmaBuf
        /// Another one, by its magic number.
        case other(UInt32)

        /// Its name.
        public var description: String {
            switch self {
            case .tmpfs: "tmpfs"
            case .hugetlbfs: "hugetlbfs"
            case .ramfs: "ramfs"
            case .ext4: "ext4"
            case .xfs: "xfs"
            case .btrfs: "btrfs"
            case .overlayfs: "overlayfs"
            case .dmaBuf: "a dma-buf"
            case .other(let magic): "the file system 0x\(String(magic, radix: 16))"
            }
        }
    }

    /// What the descriptor may be used for; fcntl(2), F_GETFL.
    public enum Access: Hashable, Sendable {
        case readOnly, writeOnly, readWrite
        /// O_PATH: it names a file and gives no access to it.
        case pathOnly
    }

    /// What kind of file it is.
    public var kind: Kind
    /// Its seals; nil where it is of a kind that knows none.
    public var seals: Seals?
    /// Where it is.
    public var fileSystem: FileSystem
    /// Its length in bytes.
    public var size: Int64
    /// What the descriptor may be used for.
    public var access: Access
    /// The number of the device that the file is on; fstat(2), st_dev.
    public var device: UInt64 = 0
    /// The file's number among those of its file system; fstat(2), st_ino.
    public var fileNumber: UInt64 = 0

    /// Facts as given, for those who decide about them.
    public init(kind: Kind, seals: Seals?, fileSystem: FileSystem, size: Int64, access: Access) {
        self.kind = kind
        self.seals = seals
        self.fileSystem = fileSystem
        self.size = size
        self.access = access
    }

    /// What kind of file it is, from what the kernel has at hand; nil where it doesn't tell. A file's owner, whose file
    /// system may be a process of his, isn't asked. Source: statx(2), AT_STATX_DONT_SYNC.
    public static func kindWithoutAsking(_ descriptor: borrowing Descriptor) -> Kind? {
        let type = signet_file_type(descriptor.rawValue)
        return type < 0 ? nil : Kind(mode: mode_t(type))
    }

    /// Asks the kernel, which may ask the file system, and that whoever runs it: for how long is up to them.
    public static func read(_ descriptor: borrowing Descriptor) throws(SystemError) -> DescriptorFacts {
        let number = descriptor.rawValue
        let seals = try descriptor.seals()
        var status = stat()
        _ = try SystemCall.run("fstat") { unsafe fstat(number, &status) }
        var system = statfs()
        _ = try SystemCall.run("fstatfs") { unsafe fstatfs(number, &system) }
        let flags = try SystemCall.run("fcntl") { fcntl(number, F_GETFL) }
        var facts = DescriptorFacts(
            kind: Kind(mode: status.st_mode),
            seals: seals,
            fileSystem: FileSystem(magic: UInt32(truncatingIfNeeded: system.f_type)),
            size: Int64(status.st_size),
            access: Access(flags: flags)
        )
        facts.device = UInt64(status.st_dev)
        facts.fileNumber = UInt64(status.st_ino)
        return facts
    }
}

extension Descriptor {
    /// The file's number among those of its file system, which is the same for all of its descriptors, and another's
    /// only when nobody has it open or mapped any more. Source: fstat(2), st_ino.
    public borrowing func fileNumber() throws(SystemError) -> UInt64 {
        let number = rawValue
        var status = stat()
        _ = try SystemCall.run("fstat") { unsafe fstat(number, &status) }
        return UInt64(status.st_ino)
    }

    /// The number of the mount that the file is on, from what the kernel has at hand; nil where it doesn't tell, as
    /// before Linux 5.8. Source: statx(2), STATX_MNT_ID, AT_STATX_DONT_SYNC.
    public borrowing func mountWithoutAsking() -> UInt64? {
        let number = signet_mount_number(rawValue)
        return number == 0 ? nil : number
    }
}

extension DescriptorFacts.Kind {
    fileprivate init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .directory
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        case S_IFLNK: self = .symbolicLink
        default: self = .anonymous
        }
    }
}

extension DescriptorFacts.FileSystem {
    fileprivate init(magic: UInt32) {
        switch magic {
        case SIGNET_TMPFS_MAGIC: self = .tmpfs
        case SIGNET_HUGETLBFS_MAGIC: self = .hugetlbfs
        case SIGNET_RAMFS_MAGIC: self = .ramfs
        case SIGNET_EXT4_MAGIC: self = .ext4
        case SIGNET_XFS_MAGIC: self = .xfs
        case SIGNET_BTRFS_MAGIC: self = .btrfs
        case SIGNET_OVERLAYFS_MAGIC: self = .overlayfs
        case SIGNET_DMA_BUF_MAGIC: self = .dmaBuf
        default: self = .other(magic)
        }
    }
}

extension DescriptorFacts.Access {
    fileprivate init(flags: CInt) {
        if flags & SIGNET_O_PATH != 0 {
            self = .pathOnly
            return
        }
        switch flags & O_ACCMODE {
        case O_RDONLY: self = .readOnly
        case O_WRONLY: self = .writeOnly
        default: self = .readWrite
        }
    }
}
