@testable import Compositor
import ClientToolkit
import Glibc
import Logging
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// The real compositor and real clients in one thread, over socket pairs, with a clock that the test moves.
final class Fixture {
    let clock = ManualClock()
    let compositor: Compositor
    private(set) var clients: [TestClient] = []
    private var onlookers: [ObjectIdentifier: Onlooker] = [:]

    init(_ change: (inout Compositor.Settings) -> Void = { _ in }) {
        var settings = Compositor.Settings()
        settings.outputs = [OutputMode(width: 200, height: 100, refresh: 50_000)]
        change(&settings)
        let clock = clock
        compositor = Compositor(settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
            clock
        }
    }

    /// Nanoseconds between two frames.
    static let period: UInt64 = 20_000_000

    /// Connects a client that hasn't bound anything.
    func connect() -> TestClient {
        var client: TestClient?
        SocketPair().take { server, end in
            compositor.connect(server)
            client = TestClient(fixture: self, connection: try! Connection(over: end))
        }
        clients.append(client!)
        return client!
    }

    /// Whether ``pump()`` waits for what clients' lanes are at; not where a fence keeps one waiting.
    var waitsForLanes = true

    /// Whether ``pump()`` waits for frames that are being drawn.
    var waitsForFrames = true

    /// Carries everything that was sent to where it belongs, both ways.
    func pump() {
        for _ in 0..<4 {
            for client in clients { client.connection.flush() }
            compositor.dispatch(timeout: 0)
            waitForLanes()
            for client in clients { try? client.connection.dispatchAvailable() }
        }
    }

    private func waitForLanes() {
        for _ in 0..<1_000
        where waitsForLanes && waitsForFrames && compositor.isWaitingForLanes
            || waitsForFrames && compositor.outputs.contains(where: \.frames.isDrawing)
        {
            compositor.dispatch(timeout: 2)
        }
    }

    /// Lets a frame period pass, and everything that follows from it happen.
    func nextFrame() {
        pump()
        clock.advance(by: Self.period)
        pump()
    }

    func disconnect(_ client: TestClient) {
        client.connection.close()
        clients.removeAll { $0 === client }
        pump()
    }

    var output: Output { compositor.outputs[0] }

    /// A pixel of the first output's newest frame, as 0xRRGGBB.
    func pixel(_ x: Int, _ y: Int) -> UInt32 {
        picture()[y][x]
    }

    /// All pixels of the first output's newest frame, as 0xRRGGBB, by row.
    func picture() -> [[UInt32]] { picture(of: output) }

    /// All pixels of an output's newest frame, as 0xRRGGBB, by row.
    func picture(of output: Output) -> [[UInt32]] { look(at: output).picture() }

    /// Looks at an output from now on: each frame of it is drawn.
    func watch(_ output: Output) { look(at: output).isWatching = true }

    private func look(at output: Output) -> Onlooker {
        if let onlooker = onlookers[ObjectIdentifier(output)] { return onlooker }
        let onlooker = Onlooker(fixture: self, output: output)
        onlookers[ObjectIdentifier(output)] = onlooker
        return onlooker
    }
}

/// Who looks at an output's pictures, as any reader can.
final class Onlooker {
    private unowned let fixture: Fixture
    private let session: SignetSealedFrameSessionV1
    private var awaited: ReaderFrame?
    private var newestPicture: [[UInt32]]?

    /// Whether there is always a frame that is waited for; otherwise only while a picture is wanted.
    var isWatching = false { didSet { if isWatching { ask() } } }

    init(fixture: Fixture, output: Output) {
        self.fixture = fixture
        let client = fixture.connect()
        let wanted = output.name
        var found: WlOutput?
        let registry = client.connection.registry()
        registry.onGlobal = { [unowned registry] name, interface, _ in
            guard interface == WlOutput.interface.name else { return }
            let candidate = registry.bind(name: name, as: WlOutput.self, version: 4)
            candidate.onName = { [unowned candidate] in if $0 == wanted { found = candidate } }
        }
        client.roundTrip()
        client.roundTrip()
        session = client.bind(SignetSealedFrameManagerV1.self).createSession(output: found!)
    }

    private func ask() {
        if awaited != nil { return }
        let frame = ReaderFrame(session)
        awaited = frame
        frame.onReady = { [weak self, unowned frame] in self?.take(frame) }
    }

    private func take(_ frame: ReaderFrame) {
        newestPicture = frame.picture()
        frame.proxy.destroy()
        awaited = nil
        if isWatching { ask() }
    }

    /// What the output showed at its last tick.
    func picture() -> [[UInt32]] {
        ask()
        fixture.pump()
        if newestPicture == nil { fixture.nextFrame() }
        if !isWatching, awaited != nil {
            // There is nothing new.
            awaited?.proxy.destroy()
            awaited = nil
            fixture.pump()
        }
        return newestPicture!
    }
}

/// A client of the fixture's compositor.
final class TestClient {
    unowned let fixture: Fixture
    let connection: Connection
    private var bound: Globals?

    init(fixture: Fixture, connection: Connection) {
        self.fixture = fixture
        self.connection = connection
    }

    /// Waits until the compositor has dealt with everything; false where the connection is broken.
    @discardableResult
    func roundTrip() -> Bool {
        var isDone = false
        connection.sync().onDone = { _ in isDone = true }
        for _ in 0..<20 where !isDone && connection.failure == nil { fixture.pump() }
        return isDone && connection.failure == nil
    }

    /// All globals, by interface.
    func registryContents() -> [String: (name: UInt32, version: UInt32)] {
        let registry = connection.registry()
        var result: [String: (name: UInt32, version: UInt32)] = [:]
        registry.onGlobal = { result[$1] = ($0, $2) }
        roundTrip()
        return result
    }

    /// Binds a global at its newest version, or at `version`.
    func bind<Global: Proxy>(
        _ type: Global.Type,
        version: UInt32? = nil,
        prepare: @escaping (Global) -> Void = { _ in }
    ) -> Global {
        let registry = connection.registry()
        var global: Global?
        registry.onGlobal = { [unowned registry] name, interface, newest in
            guard interface == type.interface.name, global == nil else { return }
            global = registry.bind(name: name, as: type, version: version ?? min(newest, type.interface.version))
            prepare(global!)
        }
        roundTrip()
        return global!
    }

    lazy var compositor = bind(WlCompositor.self)
    lazy var shm = bind(WlShm.self)
    lazy var wmBase = bind(XdgWmBase.self)
    lazy var seat = bind(WlSeat.self)
    lazy var subcompositor = bind(WlSubcompositor.self)
    lazy var viewporter = bind(WpViewporter.self)
    lazy var output = bind(WlOutput.self)

    /// The error that ended the connection, as `interface code`, or `no memory`; nil while it stands.
    var error: String? {
        switch connection.failure {
        case .protocolError(let interface, _, let code): "\(interface) \(code)"
        case .some(let failure): "\(failure)"
        case nil: nil
        }
    }
}
