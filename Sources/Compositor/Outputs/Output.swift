internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// An output: a view of the scene, drawn at a rate, when there is something to draw.
///
/// At each tick of the driver's it latches what clients have committed: that is what it shows from then on, clients
/// hear so, and may go on. Damage collects meanwhile. Only where somebody waits for a frame, a list of what is to be
/// drawn goes to the renderer, with the driver's next buffer; when that is done, readers get it, and clients hear that
/// theirs was shown. Until then the next frame waits, and nobody else.
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
    /// Whether everything that is to be seen now was so at the last tick.
    private var isLatched = false
    /// The newest tick.
    private(set) var latch = Latch()
    /// The newest tick of which the newest frame shows what was latched then.
    private(set) var shownLatch = Latch()
    private let log: (String) -> Void
    /// When the newest frame was drawn, in nanoseconds of the clock.
    private(set) var frameTime: UInt64 = 0
    /// What has changed since the newest frame, in output pixels.
    private var damage = Region()
    private var bindings: OutputBindings
    private let limits: Limits
    /// Surfaces whose clients were told that they are on it.
    private var enteredSurfaces = ResourcesByClient<WlSurface>()
    /// Those who may want frames, and hear when there are no more.
    private var observers = OrderedDictionary<ObjectIdentifier, any FrameObserver>()
    /// Those of them who wait for one.
    private var watchers = OrderedDictionary<ObjectIdentifier, any FrameObserver>()
    /// Whether frames are drawn that nobody waits for.
    private let drawsAlways: Bool
    private let trace: FrameTrace?
    /// Lets buffers go that nobody has looked at for a while.
    private var unwatchedAlarm: (any Alarm)?
    /// Whether that is set.
    private var isAlarmSet = false
    /// When somebody waited for a frame last.
    private var watchedTime: UInt64 = 0
    /// Draws that failed since the last one that didn't.
    private var failures = 0
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
        self.loop = loop
        self.clock = clock
        self.limits = limits
        self.drawsAlways = drawsAlways
        self.trace = trace
        bindings = OutputBindings(limit: limits.hearingOutputs)
        self.log = log
        driver.onFrame = { [unowned self] refresh in tick(refresh) }
        unwatchedAlarm = clock.makeAlarm { [unowned self] in releaseBuffers() }
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

    func effort(of item: PlacedItem) -> Int {
        let appearance = item.drawable.appearance
        guard let source = appearance.content?.source else { return 1 }
        // What isn't opaque is read, and written again.
        return source.effort(view.placement(of: item.bounds, appearance)) + (source.isOpaque ? 0 : 1)
    }

    // MARK: Damage and ticks

    /// Rectangles of damage that are kept while somebody waits for frames, and while nobody does; beyond that they
    /// become their bounding box.
    private static let damageLimits = (watched: 256, unwatched: 64)

    /// Something changed in a region of global coordinates.
    func addDamage(_ region: Region) {
        let pixels = view.outerPixels(region)
        if pixels.isEmpty { return }
        damage.formUnion(pixels)
        damageAdded()
    }

    /// Something changed in a rectangle of global coordinates.
    func addDamage(_ rectangle: Rectangle) {
        let pixels = view.outerPixels(rectangle)
        if pixels.isEmpty { return }
        damage.formUnion(pixels)
        damageAdded()
    }

    private func damageAdded() {
        let limits = Self.damageLimits
        damage = damage.coarsenedOutward(limit: isWatched ? limits.watched : limits.unwatched)
        // A frame that is about to be begun has it.
        if !isCollectingDamage { requestFrame() }
    }

    /// Has the scene laid out, which tells of its damage.
    private func layOut() {
        isCollectingDamage = true
        scene.prepare()
        isCollectingDamage = false
    }

    /// Whether the newest frame doesn't show everything yet.
    var isDamaged: Bool {
        layOut()
        return !damage.isEmpty || driver.newest == nil || isDrawing
    }

    /// Whether a frame is being drawn.
    var isDrawing: Bool { drawing != nil }

    /// Whether somebody waits for a frame.
    private var isWatched: Bool { drawsAlways || !watchers.isEmpty }

    /// Wants a tick at the next refresh, as something was committed or moved.
    func requestFrame() {
        isLatched = false
        if !isStopped { driver.requestFrame(after: 0) }
    }

    /// A tick, at which what clients have committed became what the output shows.
    struct Latch {
        /// How many there were.
        var count: UInt64 = 0
        /// When it was, in nanoseconds of the clock.
        var time: UInt64 = 0
    }

    /// What those who wait for a frame hear when there may be one.
    enum FrameResult {
        /// The newest frame shows everything.
        case shown
        /// There is no memory for a frame, or it can't be shown; it is tried again when somebody asks again.
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
            return driver.requestFrame(after: 0)
        }
        layOut()
        onLatch()
        layOut()
        isLatched = true
        latch = Latch(count: latch.count + 1, time: refresh.time)
        trace?.latched(name, refresh)
        let result = isWatched ? draw(refresh) : .shown
        // Where nobody looks, what was latched counts as shown: whoever asks now sees it.
        let feedback = scheduler.outputDidTick(self, time: refresh.time, takesFeedback: result != .failed)
        // What is drawn comes back through the loop, and so later.
        if let drawing {
            drawing.feedback = feedback
        } else {
            let presentation = Presentation(output: self, refresh: refresh, rate: mode.refresh)
            for feedback in feedback { feedback.send(presentation) }
        }
        if let result { tellWatchers(result) }
    }

    // MARK: Frames

    /// Draws what has changed since the newest frame; nil where that has begun, and takes its time.
    private func draw(_ refresh: Refresh) -> FrameResult? {
        if damage.isEmpty, driver.newest != nil {
            shownLatch = latch
            return .shown
        }
        return beginFrame(refresh) ? nil : .failed
    }

    /// A frame that is being drawn, with what has to stay as it is until that is done.
    private final class Drawing {
        let buffer: FrameBuffer
        let state: OutputState
        /// Where it may differ from the newest frame; less once it is drawn.
        var damage: Region
        let refresh: Refresh
        let latch: Latch
        let contents: [DrawnContent]
        /// How many pixels are written.
        let pixels: Int
        /// When it was begun, in nanoseconds of the clock.
        let start: UInt64
        /// Whether something that shows couldn't be drawn.
        var isIncomplete = false
        /// Why it can't be shown, where it can't.
        var failure: String?
        /// For those who want to hear when it is shown.
        var feedback: [AwaitedFeedback] = []

        init(
            buffer: FrameBuffer,
            state: OutputState,
            damage: Region,
            refresh: Refresh,
            latch: Latch,
            contents: [DrawnContent],
            pixels: Int,
            start: UInt64
        ) {
            self.buffer = buffer
            self.state = state
            self.damage = damage
            self.refresh = refresh
            self.latch = latch
            self.contents = contents
            self.pixels = pixels
            self.start = start
        }
    }

    /// Begins to draw what has changed; false where that can't be.
    private func beginFrame(_ refresh: Refresh) -> Bool {
        if refresh.time < retryTime {
            // What asked for this tick has taken the place of the one for the next try.
            driver.requestFrame(after: retryTime - refresh.time)
            return false
        }
        do throws(SystemError) {
            let newest = driver.newest
            let (buffer, stale) = try driver.nextBuffer()
            let items = scene.items(drawnFor: self)
            let (list, contents) = DrawList.make(items, in: view, damage: damage.union(stale))
            let comparison = newest.map {
                PictureComparison(memory: $0.memory, layout: $0.layout, damage: damage, stale: stale)
            }
            let drawing = Drawing(
                buffer: buffer,
                state: state,
                damage: damage,
                refresh: refresh,
                latch: latch,
                contents: contents,
                pixels: trace == nil ? 0 : list.pixelCount,
                start: clock.now
            )
            self.drawing = drawing
            damage = Region()
            let done = loop.expectValue { [weak self] (outcome: Renderer.Outcome) in
                drawing.damage.subtract(outcome.same)
                drawing.failure = outcome.failure.map { "\($0)" }
                for index in outcome.troubles.keys.sorted() {
                    let (content, trouble) = (drawing.contents[index].content, outcome.troubles[index]!)
                    if trouble.isUnmappable {
                        drawing.isIncomplete = true
                        content.whenReplaced { [weak self] in self.map { $0.addDamage($0.bounds) } }
                    }
                    content.wasDrawn(trouble)
                }
                if let self { endFrame(drawing) } else { for feedback in drawing.feedback { feedback.send(nil) } }
            }
            renderer.draw(
                list,
                into: buffer.memory,
                buffer.layout,
                comparing: comparison?.isWorthLook == true ? comparison : nil,
                then: done
            )
            return true
        } catch {
            didFail("\(error)", at: refresh.time)
            return false
        }
    }

    private func endFrame(_ drawing: Drawing) {
        self.drawing = nil
        defer { keepBuffersForAWhile() }
        if isStopped { return drawing.feedback.forEach { $0.send(nil) } }
        // What was drawn for another state isn't shown any more, nor what lacks something.
        let isCurrent = drawing.state == state && !drawing.isIncomplete
        let result: SubmitResult =
            if drawing.failure != nil {
                .failed
            } else if isCurrent {
                driver.submit(drawing.buffer, drawing.damage, begunAt: drawing.refresh)
            } else {
                .skipped
            }
        trace?.drew(name, from: drawing.start, to: clock.now, pixels: drawing.pixels, result: result.name)
        guard case .shown(let refresh) = result else {
            addDamage(bounds)
            for feedback in drawing.feedback { feedback.giveBack() }
            guard case .failed = result else { return }
            didFail(drawing.failure ?? "the driver doesn't show it", at: clock.now)
            return tellWatchers(.failed)
        }
        (failures, retryTime, frameTime) = (0, 0, refresh.time)
        shownLatch = drawing.latch
        let presentation = Presentation(output: self, refresh: refresh, rate: drawing.state.mode.refresh)
        for feedback in drawing.feedback { feedback.send(presentation) }
        tellWatchers(.shown)
    }

    /// Each try costs a file and its memory: at first it is tried again soon, then once a second.
    private func didFail(_ reason: String, at time: UInt64) {
        if failures == 0 { log("no frame can be drawn on \(name), which is tried again: \(reason)") }
        failures += 1
        let delay: UInt64 = failures < 4 ? 0 : 1_000_000_000
        retryTime = time + delay
        driver.requestFrame(after: delay)
    }

    /// Makes memory for the first frame, so that want of it shows before anybody waits for one.
    func reserveFrame() throws(SystemError) {
        try driver.reserve()
    }

    /// Lets go of what was reserved, as nobody waits yet.
    func releaseFrame() { driver.releaseBuffers() }

    /// The output is taken away: it draws no more, and its readers are told.
    func stop() {
        isStopped = true
        driver.stop()
        unwatchedAlarm?.cancel()
        watchers = OrderedDictionary()
        for observer in observers.values { observer.outputDidStop(self) }
    }

    /// The newest frame; nil where nobody has looked for a while, and while the next is drawn over it.
    var newestFrame: FrameBuffer? { driver.newest }

    /// Whether the newest frame may be handed out at the output's own expense. Beyond that readers pay.
    var paysForNewestFrame: Bool {
        if let newest = driver.newest, newest.isHeld { return newest.isAtOutputsExpense }
        return driver.heldBufferCount < limits.heldFrameBuffers
    }

    /// What differs between a frame and the newest, in output pixels; everything where that isn't known.
    func changes(since frame: UInt64?) -> Region { driver.changes(since: frame) }

    // MARK: Observers

    func add(_ observer: any FrameObserver) { observers[ObjectIdentifier(observer)] = observer }

    func remove(_ observer: any FrameObserver) {
        observers[ObjectIdentifier(observer)] = nil
        stopWaiting(observer)
    }

    /// An observer waits for a frame, and is told whenever there may be one. What was latched is drawn now if it hasn't
    /// been, what wasn't at the next tick.
    func awaitFrame(_ observer: any FrameObserver) {
        guard !isStopped else { return }
        watchers[ObjectIdentifier(observer)] = observer
        // What is being drawn is told of when it is done.
        if isDrawing { return }
        guard isLatched else { return driver.requestFrame(after: 0) }
        let refresh = Refresh(time: clock.now, count: driver.refresh.count)
        if let result = draw(refresh) { observer.output(self, has: result) }
    }

    /// An observer waits for a frame that shows what is latched from now on: at the next tick, or later. It is told of
    /// earlier ones too; ``shownLatch`` says which tick's a frame is.
    func awaitLatch(_ observer: any FrameObserver) {
        guard !isStopped else { return }
        watchers[ObjectIdentifier(observer)] = observer
        driver.requestFrame(after: 0)
    }

    /// Has what the scene shows at this moment drawn for an observer, as ``awaitFrame(_:)``, but before the next tick:
    /// clients hear of that as always. What is being drawn already counts as that.
    func drawNow(for observer: any FrameObserver) {
        guard !isStopped else { return }
        watchers[ObjectIdentifier(observer)] = observer
        if isDrawing { return }
        layOut()
        let refresh = Refresh(time: clock.now, count: driver.refresh.count)
        if let result = draw(refresh) { observer.output(self, has: result) }
    }

    /// An observer has its frame, or wants none any more.
    func stopWaiting(_ observer: any FrameObserver) {
        guard watchers[ObjectIdentifier(observer)] != nil else { return }
        watchers[ObjectIdentifier(observer)] = nil
        watchedTime = clock.now
        keepBuffersForAWhile()
    }

    /// A reader has given a frame back, or is gone with it.
    func frameWasGivenBack() { keepBuffersForAWhile() }

    private func tellWatchers(_ result: FrameResult) {
        for watcher in watchers.values { watcher.output(self, has: result) }
    }

    /// For so many nanoseconds after somebody looked, buffers are kept.
    private static let keepingTime: UInt64 = 1_000_000_000

    /// Where nobody looks any more, what nobody holds goes in a while.
    private func keepBuffersForAWhile() {
        guard !isStopped, !isWatched, !isAlarmSet else { return }
        isAlarmSet = true
        unwatchedAlarm?.set(at: watchedTime + Self.keepingTime)
    }

    private func releaseBuffers() {
        isAlarmSet = false
        // Otherwise it is set again when the last one has what he waits for, or the frame is drawn.
        guard !isWatched, !isDrawing else { return }
        guard clock.now >= watchedTime + Self.keepingTime else { return keepBuffersForAWhile() }
        driver.releaseBuffers()
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

/// Somebody who wants frames now and then.
protocol FrameObserver: AnyObject {
    /// There may be what it waits for, see ``Output/awaitFrame(_:)``. It goes on waiting until it says otherwise.
    func output(_ output: Output, has result: Output.FrameResult)
    /// The output is gone, and won't draw again.
    func outputDidStop(_ output: Output)
}
