/// One thing that clients are judged by.
///
/// There is an object of it for each connection of each scene. It hears what happens, and reports what is wrong.
class Judgement {
    /// As `--only` and `--skip` have it.
    class var name: String { preconditionFailure("each judgement has its own") }
    /// What it looks at, in a line.
    class var summary: String { preconditionFailure("each judgement has its own") }

    unowned let model: ClientModel
    private let found: (Finding) -> Void

    required init(_ model: ClientModel, found: @escaping (Finding) -> Void) {
        self.model = model
        self.found = found
    }

    /// Something happened.
    func hear(_ occurrence: Occurrence) {}
    /// Called twenty times a second.
    func tick() {}
    /// The scene is over, or the client has gone.
    func end() {}

    /// Reports a finding. Those with the same `key` are told once, and counted.
    final func report(
        _ severity: Severity,
        _ object: String,
        _ text: String,
        rule: String,
        remedy: String,
        key: String = ""
    ) {
        let name = Self.name
        found(
            Finding(
                judgement: name,
                severity: severity,
                object: object,
                time: model.time,
                text: text,
                rule: rule,
                remedy: remedy,
                key: key
            )
        )
    }
}

/// All of them.
enum Judgements {
    static let all: [Judgement.Type] = [
        SealJudgement.self, ReleaseJudgement.self, DamageJudgement.self, ConfigureJudgement.self,
        OpaqueJudgement.self, ErrorJudgement.self, FormatJudgement.self, PingJudgement.self, LeakJudgement.self,
        IdleJudgement.self,
    ]
}
