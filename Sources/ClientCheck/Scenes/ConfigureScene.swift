/// Many configures at once, then sizes that are binding.
final class ConfigureScene: Scene {
    override class var name: String { "configure-storm" }
    override class var summary: String { "a storm of configures, then maximized, resizing, fullscreen, and back" }

    private typealias State = ConfigureJudgement.State
    private static let stormSize = 60
    private lazy var acts: [(start: Double, act: (ProxyConnection, ShellRecord) -> Void)] = [
        (
            0.25,
            { connection, shell in
                for step in 1...Self.stormSize {
                    connection.configure(
                        shell,
                        width: 300 + step * 3,
                        height: 200 + step * 2,
                        states: [State.activated]
                    )
                }
            }
        ),
        (0.4, { $0.configure($1, width: 800, height: 600, states: [State.activated, State.maximized]) }),
        (0.55, { $0.configure($1, width: 640, height: 480, states: [State.activated, State.resizing]) }),
        (0.7, { $0.configure($1, width: 1_280, height: 720, states: [State.activated, State.fullscreen]) }),
        (0.9, { $0.configure($1, width: 0, height: 0, states: [State.activated]) }),
    ]

    override func tick(_ progress: Double, _ run: SceneRun) {
        while let next = acts.first, progress >= next.start {
            acts.removeFirst()
            for connection in run.connections {
                for shell in connection.model.shells.values where shell.surface.buffer != nil {
                    next.act(connection, shell)
                }
            }
        }
    }
}
