/// What is done to a client while it is judged: each scene runs it anew. This one does nothing.
class Scene {
    /// As `--only` and `--skip` have it.
    class var name: String { "ordinary" }
    /// What happens, in a line.
    class var summary: String { "nothing unusual happens" }

    /// What becomes of a message to the client.
    enum Delivery {
        case now
        case never
        /// So many seconds later, if its object is still there.
        case later(Double)
    }

    required init() {}

    /// Whether a request goes on to the compositor.
    func request(_ message: Message, of connection: ProxyConnection) -> Bool { true }
    /// What becomes of an event.
    func event(_ message: Message, of connection: ProxyConnection) -> Delivery { .now }
    /// Called twenty times a second, with the seconds since the start.
    func tick(_ time: Double, _ check: SceneRun) {}
    /// Whether there is nothing more to see.
    func isOver(_ time: Double, _ check: SceneRun) -> Bool { false }
    /// Whether the client may end by itself.
    var mayEnd: Bool { false }
}
