import Glibc
import Logging

/// Writes log lines to the standard error stream, one write a line, without time stamps: whoever wants those has a
/// journal.
struct ConsoleLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "signet: \(event.level): \(event.message)\n"
        _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    }
}
