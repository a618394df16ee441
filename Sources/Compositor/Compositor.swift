internal import CLinux
public import DirectRendering
internal import Glibc
public import Logging
package import Pixels
public import SharedMemory
public import WaylandServer

/// A headless Wayland compositor that never maps memory its owner can take away.
///
/// It owns the protocol objects of all clients, the scene that they make up, and the outputs that show it. Everything
/// belongs to the thread that runs ``display``'s loop.
///
///     let compositor = Compositor(settings: Settings(), log: Logger(label: "signet"))
///     compositor.listen(on: try ListeningSocket(name: nil, in: runtimeFolder))
///     while true { compositor.dispatch() }
public final class Compositor {
    /// What can be chosen.
    public struct Settings: Sendable {
        /// Which memory is taken from clients.
        public var shmPolicy = ShmPolicy.strict
        /// The outputs, from left to right; at least one.
        public var outputs = [OutputMode()]
        /// What the keyboard's keys mean; without one there is no keyboard.
        public var keymap: Keymap?
        /// The device that clients' dma-bufs are for, if there is one. They are drawn without it too.
        public var device: DRMDevice?
        /// What outputs' frames are made of.
        public var frameStorage = FrameStorage.files
        /// Whether Alt with Tab, Space, F4, F9, F10 and F11 is for windows, and not for clients.
        public var hasShortcuts = true
        /// What a client may hold.
        public var limits = Limits()
        /// The newest version of a global that clients find, by its interface's name, where that isn't the newest there
        /// is; 0 hides it.
        public var globalVersions: [String: UInt32] = [:]
        /// Whether there are ``Compositor/lastFrames``.
        public var keepsLastFrames = false
        /// Whether frames are drawn that nobody waits for: for measuring what they cost.
        public var drawsAlways = false
        /// Gets a trace of what becomes of frames and buffers, a part at a time, as Perfetto reads it.
        public var trace: (@Sendable (String) -> Void)?

        /// Whether a window's first configure comes before it is asked for, and needs no answer: a version of a
        /// conformance suite wants it so, against the protocol.
        package var isLenientWithNewWindows = false

        /// The defaults.
        public init() {}
    }

    /// The server: its loop is to be run by the owner.
    public let display: Display
    let scene: Scene
    let layout: OutputLayout
    let scheduler: FrameScheduler
    let admission: Admission
    /// Nil where there is no memory for its table.
    let dmabufs: DmabufGlobal?
    private var outputGlobals: [(service: OutputGlobal, global: Global<WlOutput>?)] = []
    /// The interfaces of all globals, hidden ones too.
    public internal(set) var globalNames: Set<String> = []
    /// How many outputs there have been, for their names.
    private var outputCount = 0
    let clock: any Clock
    let settings: Settings
    private let log: Logger
    let windows: WindowManager
    let seat: Seat
    let popups: PopupManager
    let dataDevices: DataDevices
    let captures: CaptureStudio
    let ledger: Ledger
    /// What outputs showed when there were windows last, where the settings ask for it.
    public private(set) var lastFrames: LastFrames?
    private let trace: FrameTrace?
    private let connections = ConnectionCounts()
    /// Until when nothing is logged of clients that are turned away, and how many there were.
    private var quietUntil: UInt64 = 0
    private var turnedAwayUnsaid = 0

    /// Makes a compositor without clients; `clock` makes its clock, CLOCK_MONOTONIC if not given.
    public init(settings: Settings, log: Logger, clock makeClock: ((EventLoop) -> any Clock)? = nil) {
        self.settings = settings
        self.log = log
        ledger = Ledger(limits: settings.limits)
        trace = settings.trace.map { FrameTrace(to: $0) }
        DescriptorTable.reserve()
        // Before anybody connects. Without the thread everything is closed here, as slowly as it may be.
        do throws(SystemError) { try Disposal.start() } catch {
            log.error("what clients send is closed on the main thread: \(error)")
        }
        do throws(SystemError) { try LaneThreads.shared.start() } catch {
            log.error("clients' memory is read on the main thread: \(error)")
        }
        BandThreads.shared.start()
        display = Display()
        clock = makeClock?(display.loop) ?? SystemClock(loop: display.loop)
        scene = Scene()
        layout = OutputLayout()
        let presence = SurfacePresence(scene: scene, layout: layout)
        scheduler = FrameScheduler(scene: scene, presence: presence, clock: clock)
        windows = WindowManager(scene: scene, layout: layout)
        seat = Seat(
            display: display,
            scene: scene,
            layout: layout,
            windows: windows,
            keymap: settings.keymap,
            hasShortcuts: settings.hasShortcuts,
            clock: { [scheduler] in scheduler.time }
        )
        popups = PopupManager(scene: scene, layout: layout, windows: windows, seat: seat)
        dataDevices = DataDevices(seat: seat, scene: scene, clock: { [scheduler] in scheduler.time })
        captures = CaptureStudio(
            scene: scene,
            layout: layout,
            cursor: seat.pointer.cursor,
            loop: display.loop,
            clock: clock,
            limits: settings.limits,
            device: settings.device,
            log: { log.error("\($0)") },
            makeDriver: { [clock] in HeadlessDriver($0, storage: .files, clock: clock) }
        )
        let overcommit = Overcommit.read()
        switch overcommit {
        case .heuristic: break
        case .strict: log.notice("vm.overcommit_memory is 2: client memory is read, never mapped")
        case .unknown: log.notice("vm.overcommit_memory can't be read: client memory is read, never mapped")
        }
        admission = Admission(policy: settings.shmPolicy, mappedPagesCanFault: overcommit != .heuristic)
        let devices = DmabufDevices(loop: display.loop, device: settings.device) { log.info("\($0)") }
        do throws(SystemError) { dmabufs = try DmabufGlobal(devices: devices) } catch {
            log.error("clients can't bring dma-bufs: the table of formats can't be made: \(error)")
            dmabufs = nil
        }
        // All that follows from what a client asked for is told of before it hears that it is done.
        // A display may outlive its compositor.
        display.onSync = { [weak self] client in
            guard let self else { return nil }
            if let barrier = client.account.syncBarrier() { return barrier }
            seat.sceneChanged()
            return nil
        }
        if settings.keepsLastFrames {
            let lastFrames = LastFrames(of: self)
            self.lastFrames = lastFrames
            windows.willTakeAway = { [weak lastFrames] in lastFrames?.windowsWillGo() }
        }
        announceAll()
        for mode in settings.outputs { addOutput(mode) }
    }

    deinit {
        // Clients go while everything is still there: one that leaves changes others' windows.
        display.disconnectAll()
        scene.end()
    }

    // MARK: Outputs

    /// The outputs, in the order in which they came.
    var outputs: [Output] { layout.outputs }

    /// Adds an output at the right of the others.
    @discardableResult
    func addOutput(_ mode: OutputMode) -> Output {
        outputCount += 1
        let state = OutputState(mode: mode, position: layout.nextPosition)
        let output = Output(
            name: "HEADLESS-\(outputCount)",
            state: state,
            driver: HeadlessDriver(state, storage: settings.frameStorage, clock: clock),
            scene: scene,
            scheduler: scheduler,
            loop: display.loop,
            clock: clock,
            limits: settings.limits,
            drawsAlways: settings.drawsAlways,
            trace: trace
        ) { [log] message in log.error("\(message)") }
        // What came or went under the pointer is told of once a frame.
        output.onLatch = { [unowned self] in
            popups.update()
            seat.sceneChanged()
            captures.update()
        }
        layout.add(output)
        scene.add(output)
        let service = OutputGlobal(output: output)
        outputGlobals.append((service, announce(service)))
        outputsChanged()
        return output
    }

    /// Makes an output another one, while clients run: its windows follow, and clients and readers are told. An error
    /// says why it can't be so, and nothing has changed then.
    func changeOutput(_ output: Output, _ change: (inout OutputState) -> Void) throws(OutputError) {
        var state = output.state
        change(&state)
        try output.apply(state)
        outputsChanged()
    }

    /// Takes an output away: its global goes, its readers are told, and its windows move to another one.
    func removeOutput(_ output: Output) {
        guard let index = outputs.firstIndex(where: { $0 === output }) else { return }
        layout.remove(output)
        scene.remove(output)
        scheduler.outputRemoved()
        let (service, global) = outputGlobals.remove(at: index)
        global?.withdraw()
        service.outputRemoved()
        output.stop()
        outputsChanged()
    }

    private func outputsChanged() {
        windows.outputsChanged()
        seat.pointer.outputsChanged()
        captures.update()
    }

    /// Makes memory for a frame of each output, and lets it go again, so that want of it shows before anybody waits for
    /// a frame.
    public func tryFrames() throws(SystemError) {
        defer { for output in outputs { output.releaseFrame() } }
        for output in outputs { try output.reserveFrame() }
    }

    /// Tries to make memory for a frame, and lets it go again. Whether readers would get it without a copy.
    public static func tryFrameMemory(
        _ mode: OutputMode = OutputMode(),
        in storage: FrameStorage = .files
    ) throws(SystemError) -> Bool {
        switch try FrameBuffer(size: mode.size, in: storage).kind {
        case .sealedFile, .dmaBuffer: true
        case .copy: false
        }
    }

    // MARK: Input

    /// Deals with an event of an input device's, or of somebody's who plays one.
    public func send(_ event: InputEvent) { seat.handle(event) }

    /// Puts the window that a surface is, by its id and its client, where its window geometry begins at a place in
    /// global coordinates.
    package func placeWindow(of surface: UInt32, _ client: Client, at place: Point) {
        let surface = (client.object(surface) as? WlSurface)?.handler as? Surface
        (surface?.node as? Window)?.moveGeometry(to: place)
    }

    // MARK: Clients

    /// How many clients are connected.
    public var clientCount: Int { display.clientCount }

    /// Whether something is being asked, read or waited for on clients' lanes.
    var isWaitingForLanes: Bool { display.loop.expectedCount > 0 }

    /// What each of them holds.
    var accounts: [ClientAccount] { display.clients.map(\.account) }

    /// Lets clients connect at `socket`, until the compositor ends.
    public func listen(on socket: consuming ListeningSocket) {
        // A display that somebody keeps lets nobody in when the compositor is gone.
        display.listen(on: socket) { [weak self] in self?.connect($0) }
    }

    /// Serves the client at the other end of `socket`; nil, and the socket closed, where there is no room for it.
    @discardableResult
    public func connect(_ socket: consuming Descriptor) -> Client? {
        let limits = settings.limits
        let room = limits.roomForClients
        guard let client = display.connect(socket) else {
            logTurnedAway("a client was turned away: there is no memory for it")
            return nil
        }
        let process = client.credentials.process
        let lane = Lane(of: client.credentials, loop: display.loop)
        let account = ClientAccount(of: client, ledger: ledger, lane: lane) { [weak self] in self?.seat.sceneChanged() }
        account.trace = trace
        client.context = account
        client.objectLedger = account
        guard connections.makeRoom(for: client, upTo: room) else {
            logTurnedAway("a client was turned away: there are \(room) already")
            client.disconnect()
            return nil
        }
        guard connections.count(of: client.credentials.processIdentity) < limits.clientsPerProcess else {
            logTurnedAway(
                "process \(process) has \(limits.clientsPerProcess) connections already; a new one was closed"
            )
            client.disconnect()
            return nil
        }
        let user = client.credentials.user
        guard Disposal.pendingCount(of: user) < limits.unclosedDescriptors else {
            logTurnedAway("user \(user) sent descriptors that can't be closed; a new connection was closed")
            client.disconnect()
            return nil
        }
        connections.add(client)
        let name = processName(process)
        account.processName = name
        log.debug("\(name)[\(process)] connected")
        client.onDisconnect = { [weak lastFrames, log, connections, unowned client] in
            // Its objects are still there.
            lastFrames?.windowsWillGo()
            client.account.lane.end()
            connections.remove(client)
            let (arrivals, frames) = (client.account.arrivals, client.account.frames)
            if let error = client.lastError?.printable {
                log.warning("\(name)[\(process)] was disconnected: \(error)")
            }
            log.info(
                """
                \(name)[\(process)] is gone after \(frames) frames; its pools: \(arrivals.sealed) sealed, \
                \(arrivals.sealedOnArrival) sealed on arrival, \(arrivals.copied) copied, \(arrivals.refused) refused\
                \(arrivals.dmabufs > 0 ? "; dma-bufs: \(arrivals.dmabufs), \(arrivals.imported) imported" : "")
                """
            )
        }
        return client
    }

    /// Once a second at most, as somebody may try again and again.
    private func logTurnedAway(_ message: String) {
        let now = EventLoop.now
        guard now >= quietUntil else {
            turnedAwayUnsaid += 1
            return
        }
        log.warning("\(message)\(turnedAwayUnsaid > 0 ? " (and \(turnedAwayUnsaid) before it)" : "")")
        turnedAwayUnsaid = 0
        quietUntil = now + 1_000_000_000
    }

    // MARK: Running

    /// Waits up to `timeout` milliseconds (-1: without end) for something to happen, and deals with it.
    public func dispatch(timeout: Int32 = -1) {
        display.flushClients()
        display.loop.dispatch(timeout: timeout)
        display.flushClients()
    }
}

/// What a process calls itself; proc_pid_comm(5).
private func processName(_ process: Int32) -> String {
    guard let bytes = readFile("/proc/\(process)/comm", upTo: 64) else { return "client" }
    // A process can call itself anything; the kernel ends the text with a line break.
    return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self).printable
}
