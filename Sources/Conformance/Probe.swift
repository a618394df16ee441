/// A client that does all things right, after one that may not have.
package enum Probe {
    /// How it fared.
    package enum Result: Equatable, Sendable {
        case served
        /// Nobody listens, or the connection was closed at once: the server is gone or about to go.
        case unreachable(String)
        /// It isn't answered.
        case stalled(String)
        /// It was answered in a way that it didn't earn.
        case wronged(String)
    }

    /// Shows a window and waits for its frame, or for its buffer to be released.
    package static func run(path: String, patience: Int) -> Result {
        let client: RawClient
        do { client = try RawClient(path: path, patience: patience) } catch { return .unreachable("\(error)") }
        do {
            _ = try Window.shown(client)
            return .served
        } catch {
            // What was missed may have been missed because the connection is over.
            switch client.answer(milliseconds: patience / 2) {
            case .served: return error is Skipped ? .wronged("\(error)") : .stalled("\(error)")
            case .silence: return .stalled("\(error)")
            case .closed: return .unreachable("\(error)")
            case .error: return .wronged("\(error)")
            }
        }
    }
}
