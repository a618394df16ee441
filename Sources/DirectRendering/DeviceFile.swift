internal import Glibc
internal import SharedMemory

/// Opens a device for reading and writing.
func openDevice(_ path: String, nonBlocking: Bool = false) throws(DeviceError) -> Descriptor {
    let flags = O_RDWR | O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0)
    return Descriptor(owning: try perform("open", on: path) { unsafe open(path, flags) })
}

/// The names in a folder, sorted and without hidden ones; none where it isn't there.
package func fileNames(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// Paths of the files in `folder` whose name is one of `prefixes` and a number, in the order of prefixes and numbers.
func deviceNodes(in folder: String, prefixes: [String]) -> [String] {
    let names = fileNames(in: folder)
    return prefixes.flatMap { prefix in
        names.filter { $0.hasPrefix(prefix) }.compactMap { Int($0.dropFirst(prefix.count)) }.filter { $0 >= 0 }.sorted()
            .map { "\(folder)/\(prefix)\($0)" }
    }
}
