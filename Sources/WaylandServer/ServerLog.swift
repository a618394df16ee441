internal import CWaylandServer
internal import Glibc
internal import Synchronization

/// Where libwayland-server's own messages go; without a handler that is the standard error stream.
public enum ServerLog {
    /// Calls `handler` with each message, from whatever thread it comes. There is one handler in a process.
    public static func setHandler(_ handler: @escaping @Sendable (String) -> Void) {
        current.withLock { $0 = handler }
        unsafe wl_log_set_handler_server { format, arguments in
            guard let format = unsafe format, let arguments = unsafe arguments else { return }
            var text = [CChar](repeating: 0, count: 1_024)
            let length = unsafe vsnprintf(&text, text.count, format, arguments)
            let bytes = text.prefix(max(0, min(Int(length), text.count - 1))).map { UInt8(bitPattern: $0) }
            let message = String(decoding: bytes, as: UTF8.self)
            let handler = ServerLog.current.withLock { $0 }
            handler?(message.hasSuffix("\n") ? String(message.dropLast()) : message)
        }
    }

    private static let current = Mutex<(@Sendable (String) -> Void)?>(nil)
}
