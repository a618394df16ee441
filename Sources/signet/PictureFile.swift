import CPNG
import Glibc

/// A PNG file's pixels: 8-bit RGBA in sRGB, not multiplied by alpha, rows without gaps. Files of other depths and
/// colour types are converted.
@safe
final class PictureFile {
    /// Pixels that a picture may have: 256 MiB. A small file can claim any number.
    static let pixelLimit = 1 << 26

    let width: Int
    let height: Int
    private let storage: UnsafeMutableRawBufferPointer

    /// Reads the file at `path`; "-" is the standard input.
    init(_ path: String) throws(Failure) {
        let number = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0, let file = unsafe fdopen(number, "r") else {
            throw Failure("\(path) can't be read: \(unsafe String(cString: strerror(errno)))")
        }
        defer { unsafe fclose(file) }
        var image = unsafe png_image()
        guard unsafe signet_png_begin(&image, file) != 0 else { throw unsafe Self.failure(path, image) }
        (width, height) = unsafe (Int(image.width), Int(image.height))
        guard width > 0, height > 0, width <= Self.pixelLimit / height else {
            unsafe png_image_free(&image)
            throw Failure("\(path) has \(width)x\(height) pixels; no more than \(Self.pixelLimit) are read")
        }
        guard let memory = unsafe malloc(width * height * 4) else {
            unsafe png_image_free(&image)
            throw Failure("\(path) has \(width)x\(height) pixels, and there is no memory for them")
        }
        unsafe storage = UnsafeMutableRawBufferPointer(start: memory, count: width * height * 4)
        guard unsafe signet_png_finish(&image, memory) != 0 else { throw unsafe Self.failure(path, image) }
    }

    deinit {
        unsafe free(storage.baseAddress)
    }

    /// Lends a row's bytes, four a pixel, red first.
    func withRow<R>(_ y: Int, _ body: (RawSpan) -> R) -> R {
        precondition((0..<height).contains(y))
        return unsafe body(UnsafeRawBufferPointer(rebasing: storage[y * width * 4..<(y + 1) * width * 4]).bytes)
    }

    private static func failure(_ path: String, _ image: png_image) -> Failure {
        let reason = unsafe withUnsafeBytes(of: image.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return Failure("\(path) can't be read as a PNG file: \(reason); take pictures with 'signet screenshot'")
    }
}
