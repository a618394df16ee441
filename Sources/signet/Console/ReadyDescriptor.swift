import Glibc

/// The descriptor of `--ready-fd`, whose reader waits for a newline, or for its end.
struct ReadyDescriptor {
    private let writer: BackgroundWriter

    /// Takes over an open descriptor. A standard stream is written to like any other, and stays open.
    init(_ number: CInt) {
        switch number {
        case STDOUT_FILENO: writer = Console.standardOutput
        case STDERR_FILENO: writer = Console.standardError
        case STDIN_FILENO: writer = BackgroundWriter(number)
        default:
            // The client doesn't inherit it: its reader may wait for the end of the file.
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            writer = BackgroundWriter(number, closesAtEnd: true)
        }
    }

    /// Says that clients can connect.
    func tell() {
        writer.write("\n")
        writer.finish()
        writer.drain(milliseconds: 100)
    }

    /// Gives a slow reader a last moment.
    func drain() { writer.drain(milliseconds: 100) }
}
