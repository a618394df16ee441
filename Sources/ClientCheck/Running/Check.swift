import CProcess
package import Glibc
import WaylandServer

/// What is to be judged, and how.
public struct CheckPlan {
    /// The client, with its arguments.
    public var client: [String]
    /// Where the command `signet` is.
    public var signet: String
    /// Seconds for each scene.
    public var duration: Double
    /// The socket of a compositor that runs already; nil for a Signet of the check's own.
    public var against: String?
    /// The limit of open files that programs get; nil leaves them this process's.
    package var openFiles: rlimit?
    var judgements: [Judgement.Type] = Judgements.all
    var judgesSurvival = true
    var scenes: [Scene.Type] = Scenes.all

    /// A check of `client` by everything there is.
    public init(client: [String], signet: String, duration: Double) {
        (self.client, self.signet, self.duration) = (client, signet, duration)
    }

    /// Narrows down what is looked at: scenes and judgements go by their names.
    public mutating func choose(only: [String], skip: [String]) throws(CheckFailure) {
        let known = Self.names.map(\.name)
        for name in only + skip where !known.contains(name) {
            throw CheckFailure("'\(name)' is no scene and no judgement; there are \(known.joined(separator: ", "))")
        }
        // What names no scene leaves all scenes, and the same for judgements.
        let (someScenes, someJudgements) = (
            scenes.filter { only.contains($0.name) }, judgements.filter { only.contains($0.name) }
        )
        if !someScenes.isEmpty { scenes = someScenes }
        if !someJudgements.isEmpty { judgements = someJudgements }
        scenes.removeAll { skip.contains($0.name) }
        judgements.removeAll { skip.contains($0.name) }
        let isOnly = only.contains(Survival.name)
        judgesSurvival = (someJudgements.isEmpty || isOnly) && !skip.contains(Survival.name)
        if isOnly, someJudgements.isEmpty { judgements = [] }
        if scenes.isEmpty { throw CheckFailure("there is no scene left; take one out of --skip") }
    }

    /// All scenes and judgements, with a line about each.
    public static var names: [(name: String, isScene: Bool, summary: String)] {
        Scenes.all.map { ($0.name, true, $0.summary) } + Judgements.all.map { ($0.name, false, $0.summary) }
            + [(Survival.name, false, Survival.summary)]
    }
}

/// All scenes, in their order.
enum Scenes {
    static let all: [Scene.Type] = [
        Scene.self, ConfigureScene.self, OutputScene.self, FallbackScene.self, FrameScene.self, ReleaseScene.self,
        CloseScene.self, NoMemoryScene.self,
    ]
}

/// What came of a check.
public struct CheckResult {
    /// One scene.
    public struct SceneResult {
        /// As in `ordinary`.
        public var name: String
        /// Seconds that it took.
        public var duration: Double
        /// What was found there.
        public var findings: [Finding]
    }

    /// The client, with its arguments.
    public var client: [String]
    /// What each scene found, in their order.
    public var scenes: [SceneResult] = []
    /// What was looked for, in their order.
    public var judgements: [(name: String, summary: String)] = []
    /// What else is to be known.
    public var notes: [String] = []

    /// Everything, what is worst first. What several scenes found is there once, with the first of them.
    public var findings: [Finding] {
        var all: [Finding] = []
        for finding in scenes.flatMap(\.findings) {
            if let index = all.firstIndex(where: { $0.judgement == finding.judgement && $0.key == finding.key }) {
                all[index].count += finding.count
            } else {
                all.append(finding)
            }
        }
        return all.enumerated()
            .sorted { ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset) }
            .map(\.element)
    }
}

/// Runs a client once for each scene, and judges it.
public final class Check {
    private let plan: CheckPlan
    private var interruption: CInt?

    /// Prepares a check.
    public init(_ plan: CheckPlan) { self.plan = plan }

    /// Does it. `tell` hears the name of each scene before it starts. A signal that ends programs ends it early, with
    /// a failure.
    public func run(tell: (String) -> Void) throws(CheckFailure) -> CheckResult {
        let loop = EventLoop()
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            loop.watch(signal: number) { [unowned self] in interruption = number }
        }
        defer { for source in sources { source?.remove() } }
        signal(SIGPIPE, SIG_IGN)
        var result = CheckResult(client: plan.client)
        result.judgements = plan.judgements.map { ($0.name, $0.summary) }
        if plan.judgesSurvival { result.judgements.append((Survival.name, Survival.summary)) }
        // A client that ends soon when nothing is done to it may do so in other scenes too.
        var endsEarly = false
        for type in plan.scenes {
            tell(type.name)
            let folder = try Self.makeFolder()
            defer { unsafe signet_remove_tree(folder) }
            let inner = try Self.makeFolder()
            defer { unsafe signet_remove_tree(inner) }
            let run = try SceneRun(type.init(), plan: plan, folder: folder, compositorsFolder: inner, loop: loop)
            run.mayEndEarly = endsEarly
            try run.run { interruption != nil }
            if type == Scene.self { endsEarly = run.hasEndedEarly }
            if let interruption { throw CheckFailure("it was ended by signal \(interruption)") }
            result.scenes.append(.init(name: type.name, duration: run.time, findings: run.findings))
            for note in run.notes where !result.notes.contains(note) { result.notes.append(note) }
            if !run.hasConnected {
                throw CheckFailure("the client didn't connect within \(seconds(run.time)); is it a Wayland client?")
            }
            if type == Scene.self, run.hasFailed, plan.scenes.count > 1 {
                result.notes.append(
                    "the other scenes are left out, as the client doesn't live through the ordinary one"
                )
                break
            }
        }
        return result
    }

    /// A runtime folder that only this user can enter.
    private static func makeFolder() throws(CheckFailure) -> String {
        var template = Array("/tmp/signet-check-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw CheckFailure("no folder can be made in /tmp: \(unsafe String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
