import Glibc
import SharedMemory
import SignetDriver

/// Pictures as PNG files.
enum PNGFile {
    /// Encodes a picture, and writes it to `path`; "-" is the standard output.
    static func write(_ picture: Picture, to path: String) throws {
        let bytes = picture.png
        guard !bytes.isEmpty else { throw Failure("the picture can't be encoded: libpng has no memory for it") }
        let isStandardOutput = path == "-"
        let number =
            isStandardOutput ? STDOUT_FILENO : unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw failure(path) }
        defer { if !isStandardOutput { close(number) } }
        do throws(SystemError) {
            try writeAll(bytes, to: number)
        } catch {
            throw Failure("\(path) can't be written: \(error.errno)")
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure("\(path) can't be written: \(unsafe String(cString: strerror(errno)))")
    }
}
