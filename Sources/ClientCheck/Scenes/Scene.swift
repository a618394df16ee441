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
    /// Called twenty times a second; `progress` is how much of the scene is over, from 0 to 1.
    func tick(_ progress: Double, _ run: SceneRun) {}
    /// Whether the client may end by itself now.
    var mayEnd: Bool { false }
    /// Whether it may then say that something went wrong, by its exit status.
    var mayFail: Bool { false }
    /// Called at the end, before the client is ended.
    func judge(_ client: ChildProgram, _ run: SceneRun) {}
}
