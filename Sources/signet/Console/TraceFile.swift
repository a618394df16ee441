import Glibc

/// A file that a trace of frames is written to, by a thread of its own. What the disk is too slow for is left out.
struct TraceFile {
    private let writer: BackgroundWriter

    /// Makes the file, or empties it.
    init(_ path: String) throws(Failure) {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o666)
        guard number >= 0 else {
            throw Failure("the trace can't be written to \(path): \(unsafe String(cString: strerror(errno)))")
        }
        writer = BackgroundWriter(number)
    }

    func write(_ text: String) { writer.write(text) }

    /// Waits until what was written is in the file, for as long as the disk takes something.
    func drain() { writer.drain(milliseconds: 200) }
}
