import Logging

/// Writes log lines to the standard error stream, without time stamps, which a journal adds.
struct ConsoleLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        Console.standardError.write(Console.line("signet: \(event.level): \(event.message)"))
    }
}
