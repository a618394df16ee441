/// Whether the client's process lives through a scene.
enum Survival {
    static let name = "survival"
    static let summary = "the client neither crashes nor hangs, whatever happens"
}

extension SceneRun {
    func judgeSurvival(of client: ChildProgram) {
        scene.judge(client, self)
        guard !client.isRunning, let ending = client.ending else { return }
        let last = client.lastLine
        let said = last.isEmpty ? "" : "; it last said '\(last)'"
        let rule = "scene \(type(of: scene).name): \(type(of: scene).summary)"
        switch ending {
        case .signal(let number):
            hasFailed = true
            reportSurvival(
                .error,
                "it crashed with signal \(number)\(said)",
                rule: rule,
                remedy: "run it in a debugger with this scene alone, as with --only \(type(of: scene).name)",
                key: "crash"
            )
        case .exit(let status) where status != 0 && !scene.mayFail:
            hasFailed = true
            reportSurvival(
                // It was asked to end.
                scene.mayEnd ? .hint : .error,
                "it ended with status \(status)\(said)",
                rule: rule,
                remedy: "see what it says, and go on where that is possible",
                key: "status"
            )
        case .exit:
            hasEndedEarly = true
            guard !scene.mayEnd, !mayEndEarly else { return }
            if type(of: scene) == Scene.self {
                note("the client ended by itself after \(seconds(time)), so that there was less to see")
            } else {
                reportSurvival(
                    .warning,
                    "it ended by itself, with status 0\(said)",
                    rule: rule,
                    remedy: "go on running",
                    key: "ended"
                )
            }
        }
    }

    func reportSurvival(_ severity: Severity, _ text: String, rule: String, remedy: String, key: String) {
        add(
            Finding(
                judgement: Survival.name,
                severity: severity,
                object: "the client",
                time: time,
                text: text,
                rule: rule,
                remedy: remedy,
                // What one scene does to it isn't what another does.
                key: "\(type(of: scene).name) \(key)"
            )
        )
    }
}
