import Compositor
import Glibc
import SignetDriver

/// The PNG files of `signet run --screenshot-on-failure`: the first output's has the name that was given, the others'
/// have a number before the suffix, as `FILE-2.png`.
struct FailurePictures {
    /// Where the first is written.
    let path: String

    /// Fails where nothing could be written there: that is better told now than after a long test.
    init(_ path: String) throws(Failure) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw Failure("\(path) is a folder; name a file for --screenshot-on-failure")
        }
        let isWritable = unsafe access(path, F_OK) == 0 ? access(path, W_OK) == 0 : access(folder, W_OK | X_OK) == 0
        guard isWritable else {
            let reason = unsafe String(cString: strerror(errno))
            throw Failure("\(path) can't be written for --screenshot-on-failure: \(reason)")
        }
    }

    /// Where the picture of an output goes; they count from 0.
    func path(ofOutput index: Int) -> String {
        if index == 0 { return path }
        let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[name...].lastIndex(of: "."), dot > name else { return "\(path)-\(index + 1)" }
        return "\(path[..<dot])-\(index + 1)\(path[dot...])"
    }

    /// Writes them, which takes as long as the disk likes; says where they are, a line for each.
    func write(_ pictures: [LastFrames.Picture], say: (String) -> Void) throws {
        guard !pictures.isEmpty else { throw Failure("\(path) isn't written: no frame could be drawn") }
        for (index, picture) in pictures.enumerated() {
            let path = path(ofOutput: index)
            let pixels = picture.withBytes { bytes in
                Picture(xrgb: bytes, width: picture.width, height: picture.height, stride: picture.stride)
            }
            try PNGFile.write(pixels, to: path)
            say("\(path) shows \(picture.output) as it was when the client failed")
        }
    }
}
