import CLinux
import Glibc

/// Descriptors 0, 1 and 2.
enum StandardStreams {
    /// Puts something in the place of those that are closed: the next file that is opened, a lock or a frame's memory,
    /// would get the number, and whatever is written to the stream with it. A client that is started inherits them.
    ///
    /// It is /dev/null, open the wrong way round, so that reading and writing are errors as they were: EBADF.
    static func open() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            let direction = number == STDIN_FILENO ? O_WRONLY : O_RDONLY
            // Each gets the lowest free number, which is this one. O_PATH is for where there is no /dev.
            if unsafe Glibc.open("/dev/null", direction) < 0 { _ = unsafe Glibc.open("/", SIGNET_O_PATH) }
        }
    }
}
