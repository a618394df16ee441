import Conformance
import DirectRendering
import Glibc
import SharedMemory

extension Footprint {
    /// What a process has now; proc(5). Nil where there is none.
    init?(of process: pid_t) {
        guard let bytes = readFile("/proc/\(process)/statm", upTo: 4_096) else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
        let descriptors = fileNames(in: "/proc/\(process)/fd").count
        self.init(residentBytes: pages * Int(getpagesize()), descriptors: descriptors)
    }
}

/// The last 64 KiB of a file, as text.
func readEnd(of path: String) -> String? {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe pread(file.rawValue, &bytes, bytes.count, max(0, status.st_size - bytes.count))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}

/// Writes all of a text; `what` says what couldn't be written.
func writeText(_ text: String, to number: CInt, _ what: String) throws {
    do throws(SystemError) { try writeAll(text.utf8, to: number) } catch {
        throw Failure("\(what) can't be written: \(error.errno)")
    }
}
