internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// An output: a view of the scene, with a rate.
///
/// At each tick of the driver's it latches what clients have committed: that is what it shows from then on, clients
/// hear so, and may go on. What is drawn of that, and when, is its ``frames``'s business; clients hear that theirs was
/// shown when the frame is done.
final class Output: SceneViewer, FrameSourceOwner {
    /// As wl_output.name has it.
    let name: String
    private(set) var state: OutputState
    unowned let scene: Scene
    private unowned let scheduler: FrameScheduler
    let driver: any OutputDriver
    let frames: FrameSource
    private var bindings: OutputBindings
    /// Surfaces whose clients were told that they are on it.
    private var enteredSurfaces = ResourcesByClient<WlSurface>()
    /// Is called at each tick, when all is laid out that it shows from then on.
    var onLatch: () -> Void = {}
    /// Is called when its state is another one, after everything here has followed.
    var onStateChange: () -> Void = {}

    /// `driver` is in `state` already.
    init(
        name: String,
        state: OutputState,
        driver: any OutputDriver,
        scene: Scene,
        scheduler: FrameScheduler,
        loop: EventLoop,
        clock: any Clock,
        limits: Limits,
        drawsAlways: Bool,
        trace: FrameTrace? = nil,
        log: @escaping (String) -> Void
    ) {
        self.name = name
        self.state = state
        self.driver = driver
        self.scene = scene
        self.scheduler = scheduler
        let renderer = Renderer()
        if !renderer.hasThread { log("\(name) is drawn on the main thread: no other one can be started") }
        frames = FrameSource(
            name: name,
            view: state.view,
            driver: driver,
            scene: scene,
            renderer: renderer,
            loop: loop,
            clock: clock,
            limits: limits,
            drawsAlways: drawsAlways,
            ticksAlways: true,
            trace: trace,
            log: log
        )
        bindings = OutputBindings(limit: limits.hearingOutputs)
        frames.owner = self
    }

    /// As wl_output.geometry has it.
    var model: String { driver.model }

    /// As wl_output.description has it.
    var description: String { "Signet's \(model) output \(name)" }

    var mode: OutputMode { state.mode }

    /// How it shows the scene.
    var view: View { state.view }

    /// What it shows, in global coordinates.
    var bounds: Rectangle { view.bounds }

    // MARK: State

    /// Where outputs can be, in global coordinates: clients hear of it in 32 bits.
    private static let reach = -1 << 20...1 << 20

    /// Makes it another one, while clients run; an error says why it can't be so, and nothing has changed then.
    func apply(_ new: OutputState) throws(OutputError) {
        guard new != state else { return }
        let place = new.position
        guard Self.reach.contains(place.x), Self.reach.contains(place.y) else {
            throw OutputError(description: "an output is within 1048576 units of 0,0, not at \(place.x),\(place.y)")
        }
        try driver.commit(new)
        state = new
        frames.change(new.view)
        scene.viewerChanged(self)
        scheduler.outputChanged(self)
        onStateChange()
    }

    /// Makes memory for the first frame, so that want of it shows before anybody waits for one.
    func reserveFrame() throws(SystemError) {
        try driver.reserve()
    }

    /// Lets go of what was reserved, as nobody waits yet.
    func releaseFrame() { driver.releaseBuffers() }

    /// The output is taken away: it draws no more, and its readers are told.
    func stop() { frames.stop() }

    // MARK: What it shows

    var items: [PlacedItem] { scene.items(drawnFor: self) }

    func effort(of item: PlacedItem) -> Int { view.effort(of: item) }

    func addDamage(_ region: Region) { frames.addDamage(region) }

    func addDamage(_ rectangle: Rectangle) { frames.addDamage(rectangle) }

    func requestFrame() { frames.requestFrame() }

    func willLatch() { onLatch() }

    func drawsSlowly(at time: UInt64) {
        _ = scheduler.outputDidTick(self, time: time, takesFeedback: false)
    }

    func didLatch(at refresh: Refresh, _ result: FrameSource.Result?) {
        // Where nobody looks, what was latched counts as shown: whoever asks now sees it.
        let feedback = scheduler.outputDidTick(self, time: refresh.time, takesFeedback: result != .failed)
        if feedback.isEmpty { return }
        let rate = mode.refresh
        let present = { [weak self] (refresh: Refresh) in
            guard let self else { return feedback.forEach { $0.send(nil) } }
            let presentation = Presentation(output: self, refresh: refresh, rate: rate)
            for feedback in feedback { feedback.send(presentation) }
        }
        guard result == nil else { return present(refresh) }
        // What is drawn comes back through the loop, and so later.
        frames.whenDrawn { end in
            switch end {
            case .shown(let refresh): present(refresh)
            case .repeated: for feedback in feedback { feedback.giveBack() }
            case .stopped: for feedback in feedback { feedback.send(nil) }
            }
        }
    }

    // MARK: Clients

    /// A client has made an object for this output. If it is to hear of the client's surfaces that are on the output,
    /// it does so now and from now on; see ``OutputBindings``.
    func bound(_ resource: WlOutput) {
        if bindings.insert(resource) { sendEnters(to: resource) }
    }

    func unbound(_ resource: WlOutput) {
        guard let next = bindings.remove(resource), resource.client.isConnected else { return }
        sendEnters(to: next)
    }

    private func sendEnters(to resource: WlOutput) {
        for surface in enteredSurfaces[resource.client] { surface.sendEnter(output: resource) }
    }

    /// A client's objects for this output that hear of surfaces, oldest first.
    func resources(of client: Client) -> [WlOutput] { bindings[client] }

    func entered(_ surface: WlSurface) {
        enteredSurfaces.insert(surface)
        for resource in resources(of: surface.client) { surface.sendEnter(output: resource) }
    }

    func left(_ surface: WlSurface) {
        enteredSurfaces.remove(surface)
        for resource in resources(of: surface.client) { surface.sendLeave(output: resource) }
    }
}
