import Glibc

/// What /proc and /dev/shm show of shared memory.
enum KernelView {
    /// A file's text; nil where it can't be read. Files in /proc have no size, so it reads until there is no more.
    static func text(of path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = unsafe read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            content += chunk[..<count]
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// The segment's line in /proc/sysvipc/shm, its most telling columns with their names; nil where it isn't listed.
    static func systemVLine(_ identifier: CInt) -> [String: String]? {
        guard let lines = text(of: "/proc/sysvipc/shm")?.split(separator: "\n"), let head = lines.first else {
            return nil
        }
        let names = head.split(separator: " ").map(String.init)
        for line in lines.dropFirst() {
            let values = line.split(separator: " ").map(String.init)
            let columns = Dictionary(zip(names, values), uniquingKeysWith: { first, _ in first })
            if columns["shmid"] == "\(identifier)" { return columns }
        }
        return nil
    }

    /// ``systemVLine(_:)`` as text.
    static func systemV(_ identifier: CInt) -> String {
        guard let line = systemVLine(identifier) else { return "/proc/sysvipc/shm: no line with shmid \(identifier)" }
        let columns = ["shmid", "perms", "nattch"].map { "\($0) \(line[$0] ?? "?")" }
        return "/proc/sysvipc/shm: " + columns.joined(separator: " ")
    }

    /// A file's entry in /dev/shm.
    static func entry(_ name: String) -> String {
        let path = "/dev/shm" + name
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return "\(path): no such entry" }
        return "\(path): mode \(String(status.st_mode & 0o777, radix: 8)), \(status.st_size) bytes"
    }

    /// Whether the entry is there.
    static func hasEntry(_ name: String) -> Bool {
        unsafe access("/dev/shm" + name, F_OK) == 0
    }

    /// The links in /proc/PID/fd that lead to something whose name contains `word`.
    static func links(_ role: String, _ process: pid_t, containing word: String) -> [String] {
        let found = targets(process, containing: word).map { "\(role)'s fd \($0.number) -> \($0.target)" }
        return found.isEmpty ? ["\(role) has no descriptor of it"] : found
    }

    /// The descriptors of a process that lead to something whose name contains `word`.
    static func targets(_ process: pid_t, containing word: String) -> [(number: Int, target: String)] {
        let folder = "/proc/\(process)/fd"
        return names(in: folder).compactMap { Int($0) }.sorted().compactMap { number in
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe readlink(
                    "\(folder)/\(number)",
                    bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
                    bytes.count
                )
            }
            guard count > 0 else { return nil }
            let target = String(decoding: buffer[..<count], as: UTF8.self)
            return target.split(separator: " ").first?.contains(word) == true ? (number, target) : nil
        }
    }

    /// The inode behind a descriptor of any process that is ours; two with the same one are the same memory.
    static func inode(_ process: pid_t, _ number: Int) -> UInt64? {
        var status = stat()
        guard unsafe stat("/proc/\(process)/fd/\(number)", &status) == 0 else { return nil }
        return UInt64(status.st_ino)
    }

    /// The first line of /proc/PID/maps that has `word` in its path: how memory shows that has no descriptor.
    static func mapping(_ role: String, _ process: pid_t, containing word: String) -> String {
        let line = text(of: "/proc/\(process)/maps")?.split(separator: "\n").first { $0.contains(word) }
        guard let fields = line?.split(separator: " "), fields.count > 5 else { return "\(role) has it not mapped" }
        return "\(role)'s maps: \(fields[1]) \(fields[5...].joined(separator: " "))"
    }

    /// How much shared memory a process has in its page tables. The same pages count in each that maps them.
    static func resident(_ role: String, _ process: pid_t) -> String {
        let line = text(of: "/proc/\(process)/status")?.split(separator: "\n").first { $0.hasPrefix("RssShmem:") }
        let number = line?.split(separator: ":").last?.drop { $0 == " " || $0 == "\t" }
        return "\(role)'s RssShmem: \(number ?? "unknown")"
    }

    /// Lines of /proc/self/fdinfo/N whose names are given, in one line.
    static func information(_ number: CInt, _ names: [String]) -> String {
        let lines = text(of: "/proc/self/fdinfo/\(number)")?.split(separator: "\n") ?? []
        let found = names.compactMap { name in lines.first { $0.hasPrefix(name + ":") } }
        return "writer's fdinfo: "
            + found.map { $0.split { $0 == " " || $0 == "\t" }.joined(separator: " ") }.joined(separator: ", ")
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}

/// Two numbers of /proc/meminfo, in kB.
///
/// They are the whole machine's: what other processes do meanwhile counts too, so the tour shows and doesn't judge
/// them.
struct MemoryNumbers {
    /// Memory of tmpfs, which SysV, POSIX shared memory and memfds all are made of.
    var shmem = 0
    /// Memory that holds files' content, shared memory among it.
    var cached = 0

    /// Asks the kernel.
    static func read() -> MemoryNumbers {
        // Each CPU counts on its own for up to a second; reading this, which is root's right, makes them add up.
        _ = KernelView.text(of: "/proc/sys/vm/stat_refresh")
        var numbers = MemoryNumbers()
        for line in KernelView.text(of: "/proc/meminfo")?.split(separator: "\n") ?? [] {
            let fields = line.split(separator: " ")
            guard fields.count > 1, let value = Int(fields[1]) else { continue }
            if fields[0] == "Shmem:" { numbers.shmem = value }
            if fields[0] == "Cached:" { numbers.cached = value }
        }
        return numbers
    }
}
