internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// An output: a view of the scene, drawn at a rate, when there is something to draw.
///
/// Damage collects until the driver says that it is time; then a list of what is to be drawn goes to the renderer, with
/// the driver's next buffer. When that is done, clients hear that their frame was shown, and readers get the buffer.
/// Until then the next frame waits, and nobody else.
final class Output: SceneViewer {
    /// As wl_output.name has it.
    let name: String
    private(set) var state: OutputState
    unowned let scene: Scene
    private unowned let scheduler: FrameScheduler
    let driver: any OutputDriver
    private let loop: EventLoop
    private let clock: any Clock
    private let renderer = Renderer()
    /// The frame that is being drawn.
    private var drawing: Drawing?
    /// While the scene is laid out for a frame.
    private var isCollectingDamage = false
    /// Before that no frame is tried, as the last ones failed.
    private var retryTime: UInt64 = 0
    private var isStopped = false
    private let log: (String) -> Void
    /// When the newest frame was drawn, in nanoseconds of the clock.
    private(set) var frameTime: UInt64 = 0
    /// What has changed since the newest frame, in output pixels.
    private var damage = Region()
    private var bindings: OutputBindings
    private let limits: Limits
    /// Surfaces whose clients were told that they are on it.
    private var enteredSurfaces = ResourcesByClient<WlSurface>()
    /// Those who want to hear of each new frame.
    private var observers = OrderedDictionary<ObjectIdentifier, any FrameObserver>()
    /// Draws that failed since the last one that didn't.
    private var failures = 0
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
        log: @escaping (String) -> Void
    ) {
        self.name = name
        self.state = state
        self.driver = driver
        self.scene = scene
        self.scheduler = scheduler
        self.loop = loop
        self.clock = clock
        self.limits = limits
        bindings = OutputBindings(limit: limits.hearingOutputs)
        self.log = log
        driver.onFrame = { [unowned self] refresh in tick(refresh) }
        if !renderer.hasThread { log("\(name) is drawn on the main thread: no other one can be started") }
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
        damage = Region()
        scene.viewerChanged(self)
        scheduler.outputChanged(self)
        onStateChange()
    }

    // MARK: Damage and frames

    /// Something changed in a region of global coordinates.
    func addDamage(_ region: Region) {
        let pixels = view.outerPixels(region)
        if pixels.isEmpty { return }
        damage.formUnion(pixels)
        damage = damage.coarsenedOutward(limit: 256)
        // A frame that is about to be begun has it.
        if !isCollectingDamage { requestFrame() }
    }

    private func collectDamage() {
        isCollectingDamage = true
        scene.update()
        isCollectingDamage = false
    }

    /// Whether the newest frame doesn't show everything yet.
    var isDamaged: Bool {
        scene.update()
        return !damage.isEmpty || isDrawing
    }

    /// Whether a frame is being drawn.
    var isDrawing: Bool { drawing != nil }

    /// Wants a frame at the next refresh.
    func requestFrame() {
        if !isStopped { driver.requestFrame(after: 0) }
    }

    /// What observers hear that came of the output's turn to draw.
    enum FrameResult {
        /// There is a new frame.
        case drawn
        /// The newest frame shows everything already.
        case unchanged
        /// Readers hold all buffers; the damage stays, and is drawn when one is given back.
        case noFreeBuffer
        /// There is no memory for a frame, or it can't be shown; the damage stays, and is tried again.
        case failed
    }

    /// After so many nanoseconds of drawing, clients that wait for the frame may go on without it.
    private static let patience: UInt64 = 100_000_000

    private func tick(_ refresh: Refresh) {
        if let drawing {
            if refresh.time > drawing.refresh.time + Self.patience {
                _ = scheduler.outputDidTick(self, time: refresh.time, takesFeedback: false)
            }
            // Refreshes are missed one by one until it is drawn.
            return requestFrame()
        }
        collectDamage()
        if damage.isEmpty {
            let feedback = scheduler.outputDidTick(self, time: refresh.time, takesFeedback: true)
            let presentation = Presentation(output: self, refresh: refresh, rate: mode.refresh)
            for feedback in feedback { feedback.send(presentation) }
            return tellObservers(.unchanged)
        }
        let obstacle = beginFrame(refresh)
        let feedback = scheduler.outputDidTick(self, time: refresh.time, takesFeedback: obstacle == nil)
        // What is drawn comes back through the loop, and so later.
        drawing?.feedback = feedback
        if let obstacle { tellObservers(obstacle) }
    }

    private func tellObservers(_ result: FrameResult) {
        for observer in observers.values { observer.outputDidFinish(self, result) }
    }

    /// A frame that is being drawn, with what has to stay as it is until that is done.
    private final class Drawing {
        let buffer: FrameBuffer
        let state: OutputState
        let damage: Region
        let refresh: Refresh
        let contents: [DrawnContent]
        /// For those who want to hear when it is shown.
        var feedback: [AwaitedFeedback] = []

        init(buffer: FrameBuffer, state: OutputState, damage: Region, refresh: Refresh, contents: [DrawnContent]) {
            self.buffer = buffer
            self.state = state
            self.damage = damage
            self.refresh = refresh
            self.contents = contents
        }
    }

    /// Begins to draw what has changed; why not, where that can't be.
    private func beginFrame(_ refresh: Refresh) -> FrameResult? {
        if refresh.time < retryTime {
            driver.requestFrame(after: retryTime - refresh.time)
            return .failed
        }
        do throws(SystemError) {
            guard let (buffer, repaint) = try driver.nextBuffer(damage: damage, held: heldFrames) else {
                return .noFreeBuffer
            }
            let (list, contents) = DrawList.make(scene.items, in: view, damage: repaint)
            let drawing = Drawing(buffer: buffer, state: state, damage: damage, refresh: refresh, contents: contents)
            self.drawing = drawing
            damage = Region()
            let done = loop.expectValue { [weak self] (troubles: [Int: DrawingTrouble]) in
                for (index, trouble) in troubles { drawing.contents[index].content.wasDrawn(trouble) }
                if let self { endFrame(drawing) } else { for feedback in drawing.feedback { feedback.send(nil) } }
            }
            renderer.draw(list, into: buffer.memory, buffer.layout, then: done)
            return nil
        } catch {
            didFail("\(error)", at: refresh.time)
            return .failed
        }
    }

    private func endFrame(_ drawing: Drawing) {
        self.drawing = nil
        if isStopped { return drawing.feedback.forEach { $0.send(nil) } }
        // What was drawn for another state isn't shown any more.
        let isCurrent = drawing.state == state
        let result = isCurrent ? driver.submit(drawing.buffer, drawing.damage, begunAt: drawing.refresh) : .skipped
        guard case .shown(let refresh) = result else {
            addDamage(Region(bounds))
            for feedback in drawing.feedback { feedback.giveBack() }
            guard case .failed = result else { return }
            didFail("the driver doesn't show it", at: clock.now)
            return tellObservers(.failed)
        }
        (failures, retryTime, frameTime) = (0, 0, refresh.time)
        let presentation = Presentation(output: self, refresh: refresh, rate: drawing.state.mode.refresh)
        for feedback in drawing.feedback { feedback.send(presentation) }
        tellObservers(.drawn)
    }

    /// Each try costs a file and its memory: at first it is tried again soon, then once a second.
    private func didFail(_ reason: String, at time: UInt64) {
        if failures == 0 { log("no frame can be drawn on \(name), which is tried again: \(reason)") }
        failures += 1
        guard failures >= 4 else { return requestFrame() }
        retryTime = time + 1_000_000_000
        driver.requestFrame(after: 1_000_000_000)
    }

    /// Makes memory for the first frame, so that want of it shows before anybody waits for one.
    func reserveFrame() throws(SystemError) {
        try driver.reserve()
    }

    /// Begins to draw at once where nothing was drawn yet, so that there will be a frame to hand out; observers hear of
    /// it. False where that can't be.
    @discardableResult
    func ensureFrame() -> Bool {
        guard driver.newest == nil, drawing == nil else { return true }
        scene.update()
        addDamage(Region(bounds))
        return beginFrame(Refresh(time: clock.now, count: driver.refresh.count)) == nil
    }

    /// The output is taken away: it draws no more, and its readers are told.
    func stop() {
        isStopped = true
        driver.stop()
        for observer in observers.values { observer.outputDidStop(self) }
    }

    /// Takes what a session has seen out of use, which may make room for a frame that couldn't be drawn.
    func endSession(_ session: ObjectIdentifier) {
        driver.dropBuffers(of: session)
        if isDamaged { requestFrame() }
    }

    /// Whether the newest frame may be handed to a reader: one buffer is kept to draw into, however many readers hold
    /// theirs.
    var canHandOutFrame: Bool { driver.canHandOutNewest(held: heldFrames) }

    /// How many frames its readers may hold.
    private var heldFrames: Int { limits.framesPerSession * min(observers.count, limits.sessionsWithFrames) }

    /// The newest frame; nil before the first, and while the next is drawn over it.
    var newestFrame: FrameBuffer? { driver.newest }

    /// What differs between a frame and the newest, in output pixels; everything where that isn't known.
    func changes(since frame: UInt64?) -> Region { driver.changes(since: frame) }

    // MARK: Observers

    func add(_ observer: any FrameObserver) { observers[ObjectIdentifier(observer)] = observer }

    func remove(_ observer: any FrameObserver) { observers[ObjectIdentifier(observer)] = nil }

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

/// Somebody who looks at each frame.
protocol FrameObserver: AnyObject {
    /// The output had its turn, and has drawn if there was anything to draw.
    func outputDidFinish(_ output: Output, _ result: Output.FrameResult)
    /// The output is gone, and won't draw again.
    func outputDidStop(_ output: Output)
}
