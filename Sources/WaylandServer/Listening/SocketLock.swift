internal import CLinux
internal import Glibc
internal import SharedMemory

/// The lock file that keeps a socket's name for one server: `NAME.lock` beside it, as libwayland's servers have it.
///
/// Held with flock(2) as long as this value lives, and removed at its end. Another server may remove the file between
/// our open and our flock; then the lock is on a file that nobody else will find, and the next one is taken.
struct SocketLock: ~Copyable {
    private let path: String
    private let file: Descriptor
    private let identity: FileIdentity

    /// Takes the lock; `.taken` where another server has it.
    init(_ path: String, socketName: String) throws(ListeningSocket.Failure) {
        // Each further round means that another server ended just now.
        for _ in 0..<100 {
            // Not through a symbolic link, which could make a file elsewhere, and not waiting for a FIFO's other end.
            let flags = O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            let number = unsafe open(path, flags, 0o660)
            guard number >= 0 else {
                let error = SystemError.last("open")
                // A link, a folder, or another user's file.
                let isThere = FileIdentity(at: path) != nil
                throw isThere ? .occupied(path: path) : .unusable(path: path, error)
            }
            let file = Descriptor(owning: number)
            var opened = stat()
            guard unsafe fstat(number, &opened) == 0 else { throw .unusable(path: path, .last("fstat")) }
            // Lock files are empty: one with content is something else.
            guard opened.st_mode & S_IFMT == S_IFREG, opened.st_size == 0 else { throw .occupied(path: path) }
            do throws(SystemError) {
                _ = try SystemCall.run("flock") { flock(number, LOCK_EX | LOCK_NB) }
            } catch {
                throw error.errno == .wouldBlock ? .taken(name: socketName) : .unusable(path: path, error)
            }
            if let identity = FileIdentity(ofDescriptor: number), identity == FileIdentity(at: path) {
                self.path = path
                self.file = file
                self.identity = identity
                return
            }
        }
        throw .taken(name: socketName)
    }

    deinit {
        // Still locked: who opens it from now on makes another. What has taken its place meanwhile stays.
        if FileIdentity(at: path) == identity { unsafe unlink(path) }
    }
}

/// Which file something is: the same device and inode are the same file, as long as it exists.
struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64
    let type: mode_t

    /// What is at `path`, without following a symbolic link; nil where nothing is.
    init?(at path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// An open file; nil where the kernel doesn't tell.
    init?(ofDescriptor number: CInt) {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        type = status.st_mode & S_IFMT
    }
}
