/// The user wants the windows closed.
final class CloseScene: Scene {
    override class var name: String { "close" }
    override class var summary: String { "each xdg_toplevel gets a close" }

    private(set) var isAsked = false
    override var mayEnd: Bool { isAsked }

    override func tick(_ progress: Double, _ run: SceneRun) {
        guard progress > 0.4, !isAsked else { return }
        isAsked = true
        for connection in run.connections {
            for shell in connection.model.shells.values {
                if let toplevel = shell.toplevel { connection.inject(toplevel, "close", []) }
            }
        }
    }

    override func judge(_ client: ChildProgram, _ run: SceneRun) {
        guard isAsked, client.isRunning else { return }
        run.reportSurvival(
            .hint,
            "it goes on \(seconds(run.duration * 0.6)) after its windows were asked to close",
            rule: "xdg_toplevel.close: the client may ignore it, or ask the user what to do with unsaved work",
            remedy: "end, or destroy the window, unless there is something to ask",
            key: "close"
        )
    }
}

/// The compositor has no memory for the client, and ends it.
final class NoMemoryScene: Scene {
    override class var name: String { "no-memory" }
    override class var summary: String { "the compositor ends the client with wl_display.error.no_memory" }

    /// Seconds that it may take to end, after the scene.
    private static let grace = 2.0
    private var isDone = false
    override var mayEnd: Bool { isDone }
    override var mayFail: Bool { isDone }

    override func tick(_ progress: Double, _ run: SceneRun) {
        guard progress > 0.4, !isDone else { return }
        isDone = true
        for connection in run.connections { connection.refuseMemory() }
    }

    override func judge(_ client: ChildProgram, _ run: SceneRun) {
        guard isDone, client.isRunning else { return }
        // On a busy machine ending takes its time.
        let before = ChildProgram.cpuTime(of: client.process) ?? 0
        guard !client.ends(within: Self.grace) else { return }
        let used = (ChildProgram.cpuTime(of: client.process) ?? 0) - before
        run.reportSurvival(
            .error,
            "it \(used > Self.grace * 0.8 ? "spins" : "hangs"): \(seconds(run.duration * 0.6 + Self.grace)) after the "
                + "compositor ended its connection it is still there",
            rule: "wl_display.error: the error is fatal; wl_display_dispatch(3) returns -1 from then on",
            remedy: "end the program with a message, or connect anew, when dispatching or flushing fails",
            key: "no memory"
        )
    }
}
