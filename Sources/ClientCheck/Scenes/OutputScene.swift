/// Outputs come, go and change.
final class OutputScene: Scene {
    override class var name: String { "output-changes" }
    override class var summary: String {
        "an output appears, another one's scale and size change, the first disappears"
    }

    private var added: UInt32?
    private var changes: [ChildProgram] = []
    private lazy var acts: [(start: Double, act: (SceneRun) -> Void)] = [
        (0.25, { [unowned self] in added = $0.outputs.add(to: $0.connections) }),
        (0.4, { [unowned self] in change($0, ["--scale", "2"]) }),
        (0.55, { [unowned self] in change($0, ["--scale", "1", "--mode", "800x600"]) }),
        (
            0.75,
            { [unowned self] run in
                if let added { run.outputs.remove(added, from: run.connections) }
            }
        ),
    ]

    override func tick(_ progress: Double, _ run: SceneRun) {
        while let next = acts.first, progress >= next.start {
            acts.removeFirst()
            next.act(run)
        }
    }

    private func change(_ run: SceneRun, _ arguments: [String]) {
        do throws(CheckFailure) { changes.append(try run.changeOutput(arguments)) } catch { run.note("\(error)") }
    }
}
