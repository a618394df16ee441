internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A headless output: a rectangle of the scene, drawn at a rate, when there is something to draw.
///
/// Damage collects until the frame clock ticks; then it is drawn into the next buffer of the ring, clients hear that
/// their frame was shown, and readers get the buffer.
final class Output {
    /// As wl_output.name has it.
    let name: String
    let mode: OutputMode
    /// The top left corner, in global coordinates.
    let position: Point
    private unowned let scene: Scene
    private let clock: any Clock
    private let log: (String) -> Void
    private(set) var ring: FrameRing
    /// When the newest frame was drawn, in nanoseconds of the clock.
    private(set) var frameTime: UInt64 = 0
    /// What has changed since the newest frame, in output pixels.
    private var damage = Region()
    private var frameClock: FrameClock?
    private var boundResources = ResourcesByClient<WlOutput>()
    /// Surfaces whose clients were told that they are on it.
    private var enteredSurfaces = ResourcesByClient<WlSurface>()
    /// Those who want to hear of each new frame.
    private var observers: [any FrameObserver] = []
    /// Whether the log has said already that frames can't be drawn.
    private var hasLoggedFailure = false

    init(
        name: String,
        mode: OutputMode,
        position: Point,
        scene: Scene,
        clock: any Clock,
        log: @escaping (String) -> Void
    ) {
        self.name = name
        self.mode = mode
        self.position = position
        self.scene = scene
        self.clock = clock
        self.log = log
        ring = FrameRing(size: Size(width: mode.width, height: mode.height))
        frameClock = FrameClock(clock: clock, refresh: mode.refresh) { [unowned self] time in tick(time) }
    }

    /// As wl_output.description has it.
    var description: String { "Signet's headless output \(name)" }

    /// What it shows, in global coordinates.
    var bounds: Rectangle {
        Rectangle(
            x: position.x,
            y: position.y,
            width: (mode.width + mode.scale - 1) / mode.scale,
            height: (mode.height + mode.scale - 1) / mode.scale
        )
    }

    /// Pixels covered by a rectangle of global coordinates.
    func pixels(_ rectangle: Rectangle) -> Rectangle {
        let local = rectangle.translated(by: Point(x: -position.x, y: -position.y))
        return Rectangle(
            x: local.x * mode.scale,
            y: local.y * mode.scale,
            width: local.width * mode.scale,
            height: local.height * mode.scale
        )
    }

    /// Pixels that lie wholly in a region of global coordinates.
    func innerPixels(_ region: Region) -> Region {
        region.translated(by: Point(x: -position.x, y: -position.y))
            .scaledInward(byNumerator: mode.scale, denominator: 1)
    }

    // MARK: Damage and frames

    /// Something changed in a region of global coordinates.
    func addDamage(_ region: Region) {
        let pixels = region.translated(by: Point(x: -position.x, y: -position.y))
            .scaledOutward(byNumerator: mode.scale, denominator: 1)
            .intersection(ring.size.bounds)
        if pixels.isEmpty { return }
        damage.formUnion(pixels)
        damage = damage.coarsenedOutward(limit: 256)
        requestFrame()
    }

    func addDamage(_ rectangle: Rectangle) { addDamage(Region(rectangle)) }

    /// Whether the newest frame doesn't show everything yet.
    var isDamaged: Bool {
        scene.update()
        return !damage.isEmpty
    }

    /// Wants a frame at the next tick.
    func requestFrame() {
        frameClock?.requestFrame()
    }

    private func tick(_ time: UInt64) {
        let result = isDamaged ? draw(time) : .unchanged
        var presentation: Presentation?
        if result == .drawn || result == .unchanged {
            presentation = Presentation(output: self, time: time, sequence: frameClock?.refreshCount ?? 0)
        }
        scene.sendFrameCallbacks(of: self, time: time, presentation)
        for observer in observers { observer.outputDidTick(self, result) }
    }

    /// What came of the output's turn to draw.
    enum FrameResult {
        /// There is a new frame.
        case drawn
        /// The newest frame shows everything already.
        case unchanged
        /// Readers hold all buffers; the damage stays, and is drawn when one is given back.
        case noFreeBuffer
        /// There is no memory for a frame; the damage stays, and is tried again at the next tick.
        case failed
    }

    /// Draws what has changed.
    private func draw(_ time: UInt64) -> FrameResult {
        do throws(SystemError) {
            guard let (buffer, repaint) = try ring.next(damage: damage, sessions: observers.count) else {
                return .noFreeBuffer
            }
            Renderer().draw(scene.items, of: self, damage: repaint, into: buffer)
            ring.finish(buffer, damage: damage)
            damage = Region()
            frameTime = time
            hasLoggedFailure = false
            return .drawn
        } catch {
            if !hasLoggedFailure { log("no frame can be drawn on \(name), which is tried again: \(error)") }
            hasLoggedFailure = true
            requestFrame()
            return .failed
        }
    }

    /// Makes memory for the first frame, so that want of it shows before anybody waits for one.
    func reserveFrame() throws(SystemError) {
        try ring.reserve()
    }

    /// Draws at once where nothing was drawn yet, so that there is a frame to hand out.
    @discardableResult
    func ensureFrame() -> FrameResult {
        guard ring.front == nil else { return .unchanged }
        scene.update()
        addDamage(bounds)
        return draw(clock.now)
    }

    /// The output is taken away: it draws no more, and its readers are told.
    func stop() {
        frameClock?.stop()
        for observer in observers { observer.outputDidStop(self) }
    }

    /// Takes what a session has seen out of use.
    func endSession(_ session: ObjectIdentifier) {
        ring.dropBuffers(of: session)
    }

    // MARK: Observers

    func add(_ observer: any FrameObserver) { observers.append(observer) }

    func remove(_ observer: any FrameObserver) { observers.removeAll { $0 === observer } }

    // MARK: Clients

    /// How many of one client's objects for an output hear of surfaces that enter and leave, and are named by
    /// wp_presentation_feedback.sync_output. A client has use for one, and each costs an event for each surface.
    static let bindingLimit = 8

    /// A client has made an object for this output. Unless ``bindingLimit`` older ones exist, it hears of the client's
    /// surfaces that are on the output, now and from now on.
    func bound(_ resource: WlOutput) {
        guard boundResources.count(of: resource.client) < Self.bindingLimit else { return }
        boundResources.insert(resource)
        for surface in enteredSurfaces[resource.client] { surface.sendEnter(output: resource) }
    }

    func unbound(_ resource: WlOutput) { boundResources.remove(resource) }

    /// A client's objects for this output, oldest first; those beyond ``bindingLimit`` aren't among them.
    func resources(of client: Client) -> some Collection<WlOutput> { boundResources[client] }

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
    /// The output had its turn, and drew if there was anything to draw.
    func outputDidTick(_ output: Output, _ result: Output.FrameResult)
    /// The output is gone, and won't draw again.
    func outputDidStop(_ output: Output)
}
