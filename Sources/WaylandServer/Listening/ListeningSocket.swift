internal import CLinux
internal import Glibc
public import SharedMemory

/// The socket in the runtime folder that clients connect to, and the lock that keeps its name.
///
/// The lock is held as long as this
/// value lives; a socket that lies there without a lock and without a listener was left behind, and is taken over. Both
/// are removed at the end. Nothing else in their place is ever removed.
public struct ListeningSocket: ~Copyable {
    /// Why there is no socket.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// Another server has the name.
        case taken(name: String)
        /// All the names that are tried when none is given.
        case allTaken
        /// The name isn't that of a file in the folder, or can't be printed.
        case badName(String)
        /// The name alone is longer than a socket's path may be.
        case nameTooLong(String, limit: Int)
        /// The folder's path leaves no room for the name. Lengths in bytes; unix(7), sun_path.
        case folderTooLong(String, length: Int, limit: Int)
        /// The folder's path depends on where a program is started.
        case relativeFolder(String)
        /// Something that isn't a socket, or isn't ours, has the socket's or the lock's place.
        case occupied(path: String)
        /// The folder or a file in it can't be used.
        case unusable(path: String, SystemError)

        /// Whether ``description`` ends in the advice to choose another name: a program adds where that is done.
        public var asksForAnotherName: Bool {
            switch self {
            case .taken, .allTaken, .nameTooLong, .occupied: true
            case .badName, .folderTooLong, .relativeFolder, .unusable: false
            }
        }

        /// A sentence, with the remedy.
        public var description: String {
            switch self {
            case .taken(let name):
                "the socket \(name) is in use by another server; choose another name"
            case .allTaken: "the sockets wayland-1 to wayland-32 are all in use; choose another name"
            case .badName(let name):
                "'\(name)' can't be a socket's name: it is that of a file in XDG_RUNTIME_DIR, without slashes and "
                    + "control characters, in UTF-8, and doesn't end in .lock"
            case .nameTooLong(let name, let limit):
                "the socket's name has \(name.utf8.count) bytes, and a socket's whole path may have \(limit); choose a "
                    + "shorter one"
            case .folderTooLong(let folder, let length, let limit):
                "XDG_RUNTIME_DIR is too long for a socket: with its name \(folder) makes \(length) bytes, and a "
                    + "socket's path may have \(limit); set it to a folder with a shorter path, as one under /tmp"
            case .relativeFolder(let folder):
                "XDG_RUNTIME_DIR '\(folder)' isn't an absolute path, so that clients wouldn't find it; set it to one"
            case .occupied(let path):
                "\(path) exists and isn't what an earlier run left behind; remove it, or choose another name"
            case .unusable(let path, let error):
                "\(path) can't be used (\(error)); set XDG_RUNTIME_DIR to a folder of yours that can be written to"
            }
        }
    }

    /// The file's name within the folder, for WAYLAND_DISPLAY.
    public let name: String
    private let path: String
    private let identity: FileIdentity?
    private let lock: SocketLock
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
                switch error {
                case .taken, .occupied: continue
                default: throw error
                }
            }
        }
        throw .allTaken
    }

    private init(exactly name: String, in folder: String) throws(Failure) {
        let path = folder + "/" + name
        let address = try Self.address(name, in: folder)
        let lock = try SocketLock(path + ".lock", socketName: name)
        let socket = try Self.listen(at: address, path: path, name: name)
        self.name = name
        self.path = path
        identity = FileIdentity(at: path)
        self.lock = lock
        self.socket = socket
    }

    private static func address(_ name: String, in folder: String) throws(Failure) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One byte stays for the end of the string.
        let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
        // By bytes: a combining mark makes another character of a slash. U+FFFD stands for what isn't UTF-8.
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")),
            !name.utf8.suffix(5).elementsEqual(".lock".utf8), name == name.printable,
            !name.unicodeScalars.contains("\u{fffd}")
        else { throw .badName(name) }
        guard folder.utf8.first == UInt8(ascii: "/") else { throw .relativeFolder(folder) }
        guard name.utf8.count < limit else { throw .nameTooLong(name, limit: limit) }
        let path = folder + "/" + name
        guard path.utf8.count <= limit else {
            throw .folderTooLong(folder, length: path.utf8.count, limit: limit)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            unsafe bytes.copyBytes(from: path.utf8)
        }
        return address
    }

    private static func listen(at address: sockaddr_un, path: String, name: String) throws(Failure) -> Descriptor {
        let socket = try makeSocket(path)
        if FileIdentity(at: path) != nil { try removeLeftover(address, path: path, name: name) }
        let bound = unsafe withAddress(address) { unsafe Glibc.bind(socket.rawValue, $0, $1) }
        guard bound == 0 else { throw .unusable(path: path, .last("bind")) }
        guard Glibc.listen(socket.rawValue, 128) == 0 else {
            let error = SystemError.last("listen")
            unsafe unlink(path)
            throw .unusable(path: path, error)
        }
        return socket
    }

    /// Removes a socket on which nobody listens any more.
    private static func removeLeftover(_ address: sockaddr_un, path: String, name: String) throws(Failure) {
        guard let found = FileIdentity(at: path), found.type == S_IFSOCK else { throw .occupied(path: path) }
        // A server that keeps no lock would be cut off. ECONNREFUSED says that there is none.
        let probe = try makeSocket(path)
        guard unsafe withAddress(address, { unsafe connect(probe.rawValue, $0, $1) }) != 0, errno == ECONNREFUSED else {
            throw .taken(name: name)
        }
        guard FileIdentity(at: path) == found else { throw .occupied(path: path) }
        unsafe unlink(path)
    }

    private static func makeSocket(_ path: String) throws(Failure) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw .unusable(path: path, .last("socket")) }
        return Descriptor(owning: number)
    }

    private static func withAddress<R>(
        _ address: sockaddr_un,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    deinit {
        // What somebody else put in its place stays.
        if let identity, FileIdentity(at: path) == identity { unsafe unlink(path) }
    }

    /// Readable when somebody wants to connect.
    public var descriptorNumber: CInt { socket.rawValue }

    /// Whose process connected; socket(7), SO_PEERCRED. It may have filled the connection's queue with descriptors that
    /// take long to close.
    private static func user(at number: CInt) -> UInt32 {
        var credentials = signet_ucred()
        var length = socklen_t(MemoryLayout<signet_ucred>.size)
        unsafe getsockopt(number, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        return credentials.uid
    }

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
        if number >= 0 { return .client(Descriptor(received: number, from: Self.user(at: number))) }
        return [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) ? .noDescriptor : .nobody
    }
}

extension SystemError {
    /// `call` has just failed, and errno says why.
    static func last(_ call: String) -> SystemError {
        SystemError(call: call, errno: Errno(rawValue: Glibc.errno))
    }
}
