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
    private(set) var connections: [ProxyConnection] = []
    private(set) var findings: [Finding] = []
    /// What can't be judged, for people.
    private(set) var notes: [String] = []
    private let plan: CheckPlan
    private let folder: String
    private let loop: EventLoop
    let compositor: InnerCompositor
    private let start = EventLoop.now
    private var client: ChildProgram?
    private var endTime: Double?

    init(_ scene: Scene, plan: CheckPlan, folder: String, loop: EventLoop) throws(CheckFailure) {
        self.scene = scene
        self.plan = plan
        self.folder = folder
        self.loop = loop
        compositor = try InnerCompositor(signet: plan.signet, folder: folder)
    }

    /// Seconds since the start.
    var time: Double { Double(EventLoop.now - start) / 1e9 }

    /// The client's main process; nil before it is started.
    var process: pid_t? { client?.process }

    func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
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
        let client = try ChildProgram(plan.client, environment: environment)
        self.client = client
        while !isInterrupted() {
            loop.dispatch(timeout: 50)
            let now = time
            for connection in connections where connection.isOpen {
                connection.deliverHeld()
                connection.model.time = now
                for judgement in connection.judgements { judgement.tick() }
            }
            scene.tick(now, self)
            if !client.isRunning || now >= plan.duration || scene.isOver(now, self) { break }
        }
        endTime = time
        judgeEnd(of: client)
        for connection in connections { connection.close() }
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
        connection.model.onOccurrence = { [unowned connection] occurrence in
            for judgement in connection.judgements { judgement.hear(occurrence) }
        }
        connection.start(in: loop)
        connections.append(connection)
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

    private func judgeEnd(of client: ChildProgram) {}
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
