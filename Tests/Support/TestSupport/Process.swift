import CLinux
import Glibc
public import SharedMemory

/// How many descriptors this process has open, once what was let go is closed.
public func openDescriptorCount() -> Int {
    Disposal.drain()
    guard let folder = unsafe opendir("/proc/self/fd") else { return -1 }
    defer { unsafe closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // Without ".", ".." and the folder's own.
    return count - 3
}

/// How many of this process's mappings have `name` in their line of /proc/self/maps.
public func mappingCount(named name: String) -> Int {
    guard let file = unsafe fopen("/proc/self/maps", "r") else { return -1 }
    defer { unsafe fclose(file) }
    var count = 0
    var line = [CChar](repeating: 0, count: 1_024)
    while unsafe fgets(&line, CInt(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.contains(name) { count += 1 }
    }
    return count
}

/// Two connected stream sockets.
public struct SocketPair: ~Copyable {
    /// One end.
    public let first: Descriptor
    /// The other.
    public let second: Descriptor

    /// Source: socketpair(2).
    public init() {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        precondition(unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0)
        first = Descriptor(owning: numbers[0])
        second = Descriptor(owning: numbers[1])
    }

    /// Both ends, to different owners.
    public consuming func take(_ body: (consuming Descriptor, consuming Descriptor) -> Void) {
        body(first, second)
    }
}
