internal import Glibc
internal import Synchronization

/// Where the runtime tells what it thinks of the program that uses it, as events that can't be sent; without a handler
/// that is the standard error stream.
public enum ServerLog {
    /// Calls `handler` with each message, from whatever thread it comes. There is one handler in a process.
    public static func setHandler(_ handler: @escaping @Sendable (String) -> Void) {
        current.withLock { $0 = handler }
    }

    static func write(_ message: String) {
        if let handler = current.withLock({ $0 }) { return handler(message) }
        let line = "wayland server: \(message)\n"
        _ = unsafe Glibc.write(STDERR_FILENO, line, line.utf8.count)
    }

    private static let current = Mutex<(@Sendable (String) -> Void)?>(nil)
}
