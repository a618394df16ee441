internal import Glibc

/// The first bytes of a file of the system's, up to a limit; nil where it can't be read. For small files on local
/// disks.
package func readFile(_ path: String, upTo limit: Int) -> [UInt8]? {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let descriptor = Descriptor(owning: number)
    var result: [UInt8] = []
    var part = [UInt8](repeating: 0, count: min(limit, 65_536))
    while result.count < limit {
        let count = unsafe Glibc.read(descriptor.rawValue, &part, min(part.count, limit - result.count))
        if count < 0 { return nil }
        if count == 0 { break }
        result += part[..<count]
    }
    return result
}
