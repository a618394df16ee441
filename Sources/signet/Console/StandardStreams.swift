import CLinux
import Glibc

/// Descriptors 0, 1 and 2.
enum StandardStreams {
    /// Puts /dev/null in the place of those that are closed: the next file that is opened, a lock or a frame's memory,
    /// would get the number, and whatever is written to the stream with it. A client that is started inherits them.
    static func open() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // The lowest free number, which is this one. O_PATH where there is no /dev: writing fails, and harms nothing.
            if unsafe Glibc.open("/dev/null", O_RDWR) < 0 { _ = unsafe Glibc.open("/", SIGNET_O_PATH) }
        }
    }
}
