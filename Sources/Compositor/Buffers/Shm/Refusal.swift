public import SharedMemory
internal import WaylandServer

/// Why a descriptor doesn't become a client's buffer memory.
///
/// The sentence goes to the client's developer, and to the user whose program just ended: it names what arrived and
/// what would be accepted.
public enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// A pipe, a socket, a directory, a device: nothing with pages to show.
    case notMemory(DescriptorFacts.Kind)
    /// Opened with O_PATH, which gives no access to the content.
    case pathOnly
    /// Opened for writing only.
    case notReadable
    /// A memfd that could still shrink, under a policy that wants it sealed on arrival.
    case missingSeal
    /// A file whose size its owner can change at any time. The file system, where it was asked.
    case unsealable(fileSystem: DescriptorFacts.FileSystem?)
    /// A file system on which reading could wait for somebody else, or that isn't known not to.
    case unsuitableFileSystem(DescriptorFacts.FileSystem)
    /// The same, told by its name without asking it; nil where neither our list of mounts nor the sender's has it.
    case unknownFileSystem(name: String?)
    /// Huge pages: a punched hole there can fault even though the file is sealed.
    case hugePages
    /// The file ends before the memory that it is said to hold.
    case tooSmall(fileSize: Int64, needed: Int64)
    /// The kernel didn't answer a question about it.
    case unreadable(SystemError)

    /// A sentence, with the remedy.
    public var description: String {
        switch self {
        case .notMemory(let kind):
            "the descriptor is \(kind), not memory; create one with memfd_create(MFD_ALLOW_SEALING)"
        case .pathOnly:
            "the descriptor was opened with O_PATH and can't be read; send the descriptor of memfd_create itself"
        case .notReadable:
            "the descriptor is open for writing only; it has to be readable"
        case .missingSeal:
            "the memfd can still be shrunk; call fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) before sending it, "
                + "or run the compositor with --shm-policy seal, which does that itself"
        case .unsealable(let fileSystem):
            "the file\(fileSystem.map { " (on \($0))" } ?? "") can't be kept from shrinking; create it with "
                + "memfd_create(MFD_ALLOW_SEALING) and fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), "
                + "or run the compositor with --shm-policy copy, which reads such files instead of mapping them"
        case .unsuitableFileSystem(let fileSystem):
            "the file is on \(fileSystem), where reading may wait for others; use memfd_create(MFD_ALLOW_SEALING)"
        case .unknownFileSystem(let name):
            "the file is on \(name?.printable ?? "a file system that isn't mounted here"), where reading may wait for "
                + "others; use memfd_create(MFD_ALLOW_SEALING)"
        case .hugePages:
            "the file uses huge pages, which may fault when read even if sealed; leave MFD_HUGETLB out"
        case .tooSmall(let fileSize, let needed):
            "the file has \(fileSize) bytes and \(needed) are needed; call ftruncate before sending it"
        case .unreadable(let error):
            "the kernel says of the descriptor: \(error)"
        }
    }
}
