import CLinux
import Glibc
import SharedMemory
import SignetDriver
import WaylandServer

/// One scene: the client is started anew, between it and the compositor stands the proxy, and judgements listen.
final class SceneRun {
    /// The socket that the client finds.
    static let socketName = "wayland-1"

    let scene: Scene
    let outputs = ExtraOutputs()
    /// Those that are open, and some that aren't any more.
    private(set) var connections: [ProxyConnection] = []
    /// Whether the client has connected.
    private(set) var hasConnected = false
    private(set) var findings: [Finding] = []
    /// What can't be judged, for people.
    private(set) var notes: [String] = []
    private let plan: CheckPlan
    private let folder: String
    private let loop: EventLoop
    private let compositor: InnerCompositor
    private let start = EventLoop.now
    private var client: ChildProgram?
    private var (lastTick, lastPing) = (0.0, 0.0)
    /// When the client had something to show first: that is when the scene begins.
    private var shownTime: Double?
    /// Seconds that it may take for that.
    private static let startLimit = 10.0
    /// Whether the client ends soon anyway.
    var mayEndEarly = false
    var hasEndedEarly = false
    /// Whether the client has crashed, or ended with a failure.
    var hasFailed = false
    var duration: Double { plan.duration }

    /// The client finds its socket in `folder`; the compositor's is elsewhere.
    init(
        _ scene: Scene,
        plan: CheckPlan,
        folder: String,
        compositorsFolder: String,
        loop: EventLoop
    ) throws(CheckFailure) {
        self.scene = scene
        self.plan = plan
        self.folder = folder
        self.loop = loop
        compositor =
            if let socket = plan.against { try InnerCompositor(against: socket) } else {
                try InnerCompositor(signet: plan.signet, folder: compositorsFolder)
            }
    }

    /// Seconds since the start.
    var time: Double { Double(EventLoop.now - start) / 1e9 }

    /// The client's main process; nil before it is started.
    var process: pid_t? { client?.process }

    func note(_ text: String) {
        if notes.count < 100, !notes.contains(text) { notes.append(text) }
    }

    /// Runs the scene to its end; `isInterrupted` ends it early.
    func run(isInterrupted: () -> Bool) throws(CheckFailure) {
        let socket: ListeningSocket
        do throws(ListeningSocket.Failure) { socket = try ListeningSocket(name: Self.socketName, in: folder) } catch {
            throw CheckFailure("\(error)")
        }
        let listener = Listener(socket)
        let source = loop.watch(listener.number, for: .readable) { [unowned self] _ in
            while let new = listener.accept() { welcome(new) }
        }
        defer { source?.remove() }
        let client = try ChildProgram(plan.client, environment: environment, openFiles: plan.openFiles)
        self.client = client
        while !isInterrupted(), client.isRunning, compositor.lastWords == nil, time < endTime {
            loop.dispatch(timeout: 50)
            let now = time
            for connection in connections where connection.isOpen { connection.deliverHeld() }
            if now - lastTick > 0.05 { tick(now) }
        }
        // Signals that have come and weren't looked at.
        loop.dispatch(timeout: 0)
        if let words = compositor.lastWords {
            client.end()
            throw CheckFailure("the compositor has ended, which is a fault of Signet; it last said '\(words)'")
        }
        // What is on its way from a client that has ended.
        if !client.isRunning { for _ in 0..<3 { loop.dispatch(timeout: 10) } }
        if plan.judgesSurvival { judgeSurvival(of: client) }
        for connection in connections {
            connection.model.time = time
            connection.close()
        }
        if client.isRunning, hasConnected, shownTime == nil {
            note("the client showed nothing within \(seconds(time)), so that most judgements had nothing to judge")
        }
        client.end()
        compositor.end()
    }

    private var environment: [String: String] {
        var result = ProcessEnvironment.current
        for name in ClientEnvironment.foreign { result[name] = nil }
        for (name, value) in ClientEnvironment.variables(socketName: Self.socketName) { result[name] = value }
        result["XDG_RUNTIME_DIR"] = folder
        return result
    }

    private func welcome(_ socket: consuming Descriptor) {
        guard let server = compositor.connect() else {
            note("the compositor took no connection")
            return
        }
        var credentials = signet_ucred()
        var length = socklen_t(MemoryLayout<signet_ucred>.size)
        unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
        let connection = ProxyConnection(socket, server, process: credentials.pid, run: self)
        let found: (Finding) -> Void = { [unowned self] in add($0) }
        connection.judgements = plan.judgements.map { $0.init(connection.model, found: found) }
        let process = connection.clientProcess
        for judgement in connection.judgements {
            (judgement as? IdleJudgement)?.cpuTime = { ChildProgram.cpuTime(of: process) }
            (judgement as? PingJudgement)?.queueTime = { ChildProgram.queueTime(of: process) }
        }
        connection.model.onOccurrence = { [unowned connection, weak self] occurrence in
            for judgement in connection.judgements { judgement.hear(occurrence) }
            if case .committed(let commit) = occurrence, commit.buffer != nil { self?.hasShown() }
        }
        connection.start(in: loop)
        connections.append(connection)
        hasConnected = true
    }

    /// Adds a finding, or counts it where it is there already.
    func add(_ new: Finding) {
        var new = new
        new.scene = type(of: scene).name
        if let index = findings.firstIndex(where: { $0.judgement == new.judgement && $0.key == new.key }) {
            findings[index].count += 1
        } else {
            findings.append(new)
        }
    }

    private func hasShown() { shownTime = shownTime ?? time }

    private var endTime: Double { shownTime.map { $0 + duration } ?? max(duration, Self.startLimit) }

    private func tick(_ now: Double) {
        lastTick = now
        // Those that are over have descriptors.
        connections.removeAll { !$0.isOpen }
        client?.trimOutput()
        compositor.trimOutput()
        for connection in connections where connection.isOpen {
            connection.model.time = now
            for judgement in connection.judgements { judgement.tick() }
        }
        if now - lastPing > 0.25 {
            lastPing = now
            for connection in connections { connection.ping() }
        }
        if let shownTime { scene.tick((now - shownTime) / duration, self) }
        for connection in connections { connection.flush() }
    }

    /// Changes the compositor's output while the client runs.
    func changeOutput(_ arguments: [String]) throws(CheckFailure) -> ChildProgram {
        try compositor.change(arguments, signet: plan.signet)
    }
}

/// Keeps a listening socket for closures.
private final class Listener {
    private let socket: ListeningSocket

    init(_ socket: consuming ListeningSocket) { self.socket = socket }

    var number: CInt { socket.descriptorNumber }

    func accept() -> Descriptor? {
        switch socket.accept() {
        case .client(let descriptor): return descriptor
        case .nobody: return nil
        case .noDescriptor: return nil
        }
    }
}
