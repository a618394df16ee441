import CPNG
import Glibc
import SharedMemory

/// Pictures as PNG files.
enum PNGFile {
    /// Encodes `rgb`, three bytes a pixel without gaps between rows, and writes it to `path`; "-" is the standard
    /// output.
    static func write(_ rgb: [UInt8], width: Int, height: Int, to path: String) throws {
        precondition(rgb.count == width * height * 3)
        var size = 0
        guard unsafe signet_png_encode(UInt32(width), UInt32(height), rgb, nil, &size) != 0 else {
            throw Failure("the picture can't be encoded: libpng has no memory for it")
        }
        var file = [UInt8](repeating: 0, count: size)
        guard unsafe signet_png_encode(UInt32(width), UInt32(height), rgb, &file, &size) != 0 else {
            throw Failure("the picture can't be encoded: libpng has no memory for it")
        }
        try write(file.prefix(size), to: path)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to path: String) throws {
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
