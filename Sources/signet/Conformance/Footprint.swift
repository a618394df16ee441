import Conformance
import DirectRendering
import Glibc
import SharedMemory

extension Footprint {
    /// What a process has now; proc(5). Nil where there is none.
    init?(of process: pid_t) {
        guard let text = readFile("/proc/\(process)/statm") else { return nil }
        let numbers = text.split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
        let descriptors = fileNames(in: "/proc/\(process)/fd").count
        self.init(residentBytes: pages * Int(getpagesize()), descriptors: descriptors)
    }
}

/// A small file's text.
func readFile(_ path: String) -> String? {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    // Of a long one the end.
    var status = stat()
    if unsafe fstat(number, &status) == 0, status.st_size > 65_536 { lseek(number, status.st_size - 65_536, SEEK_SET) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(file.rawValue, &chunk, chunk.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes = (bytes + chunk.prefix(count)).suffix(65_536)
    }
}

/// Writes all of a text; `what` says what couldn't be written.
func writeText(_ text: String, to number: CInt, _ what: String) throws {
    do throws(SystemError) { try writeAll(text.utf8, to: number) } catch {
        throw Failure("\(what) can't be written: \(error.errno)")
    }
}
