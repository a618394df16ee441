internal import Glibc

/// What becomes of frames and buffers, and when, for whoever looks for lost time: events that Perfetto shows.
///
/// Source: "Trace Event Format", the JSON array, whose end may be missing. Times are those of CLOCK_MONOTONIC, in
/// microseconds. Each output has a row of its own, and so has each buffer while it is held.
final class FrameTrace {
    private let write: (String) -> Void
    /// Numbers of rows, by outputs' names.
    private var rows: [String: Int] = [:]
    private let process = getpid()

    init(to write: @escaping (String) -> Void) {
        self.write = write
        write("[\n")
        let arguments = "\"args\":{\"name\":\"signet\"}"
        write("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":\(process),\"tid\":0,\(arguments)},\n")
    }

    private func row(_ output: String) -> Int {
        if let row = rows[output] { return row }
        let row = rows.count + 1
        rows[output] = row
        let arguments = "\"args\":{\"name\":\"\(output)\"}"
        write("{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":\(process),\"tid\":\(row),\(arguments)},\n")
        return row
    }

    private func event(_ name: String, _ phase: String, at time: UInt64, row: Int, _ rest: String) {
        let place = "\"ts\":\(Double(time) / 1_000),\"pid\":\(process),\"tid\":\(row)"
        write("{\"name\":\"\(name)\",\"ph\":\"\(phase)\",\(place),\(rest)},\n")
    }

    /// An output shows what was committed from now on.
    func latched(_ output: String, _ refresh: Refresh) {
        event("latch", "i", at: refresh.time, row: row(output), "\"s\":\"t\",\"args\":{\"refresh\":\(refresh.count)}")
    }

    /// A frame was drawn: from its list to the answer of the thread that drew it.
    func drew(_ output: String, from start: UInt64, to end: UInt64, pixels: Int, result: String) {
        let duration = Double(end - min(start, end)) / 1_000
        let arguments = "{\"pixels\":\(pixels),\"result\":\"\(result)\"}"
        event("draw", "X", at: start, row: row(output), "\"dur\":\(duration),\"args\":\(arguments)")
    }

    /// A buffer isn't its client's to touch from a commit on, until it is released.
    func buffer(_ buffer: AnyObject, of client: Int32, isHeld: Bool, at time: UInt64) {
        let address = String(UInt(bitPattern: ObjectIdentifier(buffer)), radix: 16)
        let identity = "\"cat\":\"buffer\",\"id\":\"0x\(address)\""
        event("held", isHeld ? "b" : "e", at: time, row: 0, "\(identity),\"args\":{\"client\":\(client)}")
    }
}
