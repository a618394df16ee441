internal import CLinux
internal import Glibc
public import SharedMemory

/// The socket in the runtime folder that clients connect to, and the lock that keeps its name.
///
/// It is our own and not libwayland's, whose listener spins when descriptors run out. The lock file is held as long as
/// this value lives; a socket that lies there without anybody holding its lock was left behind, and is taken over. Both
/// are removed at the end.
public struct ListeningSocket: ~Copyable {
    /// Why there is no socket.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// Another server has the name.
        case taken(name: String)
        /// All the names that are tried when none is given.
        case allTaken
        /// It has a slash, or the path would be longer than a socket's may be.
        case badName(String)
        /// The folder or a file in it can't be used.
        case unusable(path: String, SystemError)

        /// A sentence, with the remedy.
        public var description: String {
            switch self {
            case .taken(let name):
                "the socket \(name) is in use by another server; choose another name with --socket"
            case .allTaken: "the sockets wayland-1 to wayland-32 are all in use; name another one with --socket"
            case .badName(let name): "'\(name)' can't be a socket's name; it has a slash or is too long"
            case .unusable(let path, let error):
                "\(path) can't be used (\(error)); set XDG_RUNTIME_DIR to a folder of yours that can be written to"
            }
        }
    }

    /// The file's name within the folder, for WAYLAND_DISPLAY.
    public let name: String
    private let folder: String
    private let lock: Descriptor
    private let socket: Descriptor

    /// Listens on `name` in `folder`; without a name on the first free of wayland-1 to wayland-32.
    public init(name: String?, in folder: String) throws(Failure) {
        if let name {
            self = try ListeningSocket(exactly: name, in: folder)
            return
        }
        for number in 1...32 {
            do throws(Failure) {
                self = try ListeningSocket(exactly: "wayland-\(number)", in: folder)
                return
            } catch {
                if case .taken = error { continue }
                throw error
            }
        }
        throw .allTaken
    }

    private init(exactly name: String, in folder: String) throws(Failure) {
        let path = folder + "/" + name
        let address = try Self.address(of: path, name: name)
        let lock = try Self.takeLock(path + ".lock", name: name)
        let socket = try Self.listen(at: address, path: path)
        self.name = name
        self.folder = folder
        self.lock = lock
        self.socket = socket
    }

    private static func address(of path: String, name: String) throws(Failure) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One byte stays for the end of the string.
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard !name.isEmpty, !name.contains("/"), path.utf8.count <= room else { throw .badName(name) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            unsafe bytes.copyBytes(from: path.utf8)
        }
        return address
    }

    private static func listen(at address: sockaddr_un, path: String) throws(Failure) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw .unusable(path: path, .last("socket")) }
        let socket = Descriptor(owning: number)
        // Nobody else holds the lock, so nobody listens there any more.
        unsafe unlink(path)
        let bound = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw .unusable(path: path, .last("bind")) }
        guard Glibc.listen(number, 128) == 0 else { throw .unusable(path: path, .last("listen")) }
        return socket
    }

    private static func takeLock(_ path: String, name: String) throws(Failure) -> Descriptor {
        let number = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o660)
        guard number >= 0 else { throw .unusable(path: path, .last("open")) }
        let lock = Descriptor(owning: number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else { throw .taken(name: name) }
        return lock
    }

    deinit {
        unsafe unlink(folder + "/" + name)
        unsafe unlink(folder + "/" + name + ".lock")
    }

    /// Readable when somebody wants to connect.
    public var descriptorNumber: CInt { socket.rawValue }

    /// What came of ``accept()``.
    public enum Acceptance: ~Copyable {
        /// Somebody has connected.
        case client(Descriptor)
        /// Nobody is waiting.
        case nobody
        /// Somebody is waiting, and there is no descriptor for them.
        case noDescriptor
    }

    /// Takes one waiting connection. Source: accept4(2).
    public borrowing func accept() -> Acceptance {
        let number = accept4(
            socket.rawValue,
            nil,
            nil,
            CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        )
        if number >= 0 { return .client(Descriptor(owning: number)) }
        return [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) ? .noDescriptor : .nobody
    }
}

extension SystemError {
    /// `call` has just failed, and errno says why.
    static func last(_ call: String) -> SystemError {
        SystemError(call: call, errno: Errno(rawValue: Glibc.errno))
    }
}
