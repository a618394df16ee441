internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// The frames of one view of the scene, drawn when somebody waits for one.
///
/// At each tick of the driver's it latches what clients have committed. Damage collects meanwhile. Only where somebody
/// waits for a frame, a list of what is to be drawn goes to the renderer, with the driver's next buffer; when that is
/// done, readers get it. Until then the next frame waits, and nobody else.
final class FrameSource {
    /// For people, and for traces.
    let name: String
    /// How it shows the scene.
    private(set) var view: View
    let driver: any OutputDriver
    /// Whose frames they are. To be set before the first tick.
    weak var owner: (any FrameSourceOwner)?
    private unowned let scene: Scene
    private let loop: EventLoop
    private let clock: any Clock
    private let renderer: Renderer
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
    /// What has changed since the newest frame, in pixels of the frame.
    private var damage = Region()
    private let limits: Limits
    /// Those who may want frames, and hear when there are no more.
    private var observers = OrderedDictionary<ObjectIdentifier, any FrameObserver>()
    /// Those of them who wait for one.
    private var watchers = OrderedDictionary<ObjectIdentifier, any FrameObserver>()
    /// Whether frames are drawn that nobody waits for.
    private let drawsAlways: Bool
    /// Whether there are ticks also while nobody waits.
    private let ticksAlways: Bool
    private let trace: FrameTrace?
    /// Lets buffers go that nobody has looked at for a while.
    private var unwatchedAlarm: (any Alarm)?
    /// Whether that is set.
    private var isAlarmSet = false
    /// When somebody waited for a frame last.
    private var watchedTime: UInt64 = 0
    /// Draws that failed since the last one that didn't.
    private var failures = 0

    /// `driver` is for frames as large as `view` is.
    init(
        name: String,
        view: View,
        driver: any OutputDriver,
        scene: Scene,
        renderer: Renderer,
        loop: EventLoop,
        clock: any Clock,
        limits: Limits,
        drawsAlways: Bool = false,
        ticksAlways: Bool,
        trace: FrameTrace? = nil,
        log: @escaping (String) -> Void
    ) {
        self.name = name
        self.view = view
        self.driver = driver
        self.scene = scene
        self.renderer = renderer
        self.loop = loop
        self.clock = clock
        self.limits = limits
        self.drawsAlways = drawsAlways
        self.ticksAlways = ticksAlways
        self.trace = trace
        self.log = log
        driver.onFrame = { [unowned self] refresh in tick(refresh) }
        unwatchedAlarm = clock.makeAlarm { [unowned self] in releaseBuffers() }
    }

    deinit { unwatchedAlarm?.cancel() }

    /// Shows the scene in another way. What was drawn before isn't shown any more, and all that is to be seen has to be
    /// told as damage.
    ///
    /// Where frames are of another kind then, observers hear so before one is drawn: it may need more memory than those
    /// pay for who wait. Where they are like before, what is being drawn is shown as it was latched: a view that moves
    /// all the time has frames too.
    func change(_ view: View) {
        let isLike = view.isLike(self.view)
        self.view = view
        damage = Region()
        if isLike { return }
        drawing?.isOutdated = true
        for observer in observers.values { observer.framesDidChange(self) }
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

    /// Wants a tick at the next refresh, as something was committed or moved; where nobody waits, only if there are
    /// ticks always.
    func requestFrame() {
        isLatched = false
        if !isStopped, ticksAlways || isWatched { driver.requestFrame(after: 0) }
    }

    /// A tick, at which what clients have committed became what is shown.
    struct Latch {
        /// How many there were.
        var count: UInt64 = 0
        /// When it was, in nanoseconds of the clock.
        var time: UInt64 = 0
    }

    /// What those who wait for a frame hear when there may be one.
    enum Result {
        /// The newest frame shows everything.
        case shown
        /// There is no memory for a frame, or it can't be shown; it is tried again when somebody asks again.
        case failed
    }

    /// After so many nanoseconds of drawing, clients that wait for the frame may go on without it.
    private static let patience: UInt64 = 100_000_000

    private func tick(_ refresh: Refresh) {
        if let drawing {
            if refresh.time > drawing.refresh.time + Self.patience { owner?.drawsSlowly(at: refresh.time) }
            // Refreshes are missed one by one until it is drawn.
            return driver.requestFrame(after: 0)
        }
        layOut()
        owner?.willLatch()
        layOut()
        isLatched = true
        latch = Latch(count: latch.count + 1, time: refresh.time)
        trace?.latched(name, refresh)
        let result = isWatched ? draw(refresh) : .shown
        owner?.didLatch(at: refresh, result)
        if let result { tellWatchers(result) }
    }

    // MARK: Frames

    /// Draws what has changed since the newest frame; nil where that has begun, and takes its time.
    private func draw(_ refresh: Refresh) -> Result? {
        if damage.isEmpty, driver.newest != nil {
            shownLatch = latch
            return .shown
        }
        return beginFrame(refresh) ? nil : .failed
    }

    /// What became of a frame that was being drawn.
    enum DrawingEnd {
        /// It is shown since then.
        case shown(Refresh)
        /// It isn't shown, and is drawn again.
        case repeated
        /// There are no more frames.
        case stopped
    }

    /// Is called when the frame is done that is being drawn.
    func whenDrawn(_ action: @escaping (DrawingEnd) -> Void) { drawing?.whenDone = action }

    /// A frame that is being drawn, with what has to stay as it is until that is done.
    private final class Drawing {
        let buffer: FrameBuffer
        /// Where it may differ from the newest frame; less once it is drawn.
        var damage: Region
        let refresh: Refresh
        let latch: Latch
        let contents: [DrawnContent]
        /// How many pixels are written.
        let pixels: Int
        /// When it was begun, in nanoseconds of the clock.
        let start: UInt64
        /// Whether the view is another one meanwhile.
        var isOutdated = false
        /// Whether something that shows couldn't be drawn.
        var isIncomplete = false
        /// Why it can't be shown, where it can't.
        var failure: String?
        var whenDone: (DrawingEnd) -> Void = { _ in }

        init(
            buffer: FrameBuffer,
            damage: Region,
            refresh: Refresh,
            latch: Latch,
            contents: [DrawnContent],
            pixels: Int,
            start: UInt64
        ) {
            self.buffer = buffer
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
            let items = owner?.items ?? []
            let (list, contents) = DrawList.make(items, in: view, damage: damage.union(stale))
            let comparison = newest.map {
                PictureComparison(memory: $0.memory, layout: $0.layout, damage: damage, stale: stale)
            }
            let drawing = Drawing(
                buffer: buffer,
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
                        content.whenReplaced { [weak self] in self.map { $0.addDamage($0.view.bounds) } }
                    }
                    content.wasDrawn(trouble)
                }
                if let self { endFrame(drawing) } else { drawing.whenDone(.stopped) }
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
        if isStopped { return drawing.whenDone(.stopped) }
        // What was drawn for another view isn't shown any more, nor what lacks something.
        let isCurrent = !drawing.isOutdated && !drawing.isIncomplete
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
            addDamage(view.bounds)
            drawing.whenDone(.repeated)
            guard case .failed = result else { return }
            didFail(drawing.failure ?? "the driver doesn't show it", at: clock.now)
            return tellWatchers(.failed)
        }
        (failures, retryTime, frameTime) = (0, 0, refresh.time)
        shownLatch = drawing.latch
        drawing.whenDone(.shown(refresh))
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

    /// There are no more frames, and readers are told.
    func stop() {
        isStopped = true
        driver.stop()
        unwatchedAlarm?.cancel()
        watchers = OrderedDictionary()
        for observer in observers.values { observer.framesDidStop(self) }
    }

    /// The newest frame; nil where nobody has looked for a while, and while the next is drawn over it.
    var newest: FrameBuffer? { driver.newest }

    /// Whether the newest frame may be handed out at the compositor's own expense. Beyond that readers pay.
    var paysForNewest: Bool {
        if let newest = driver.newest, newest.isHeld { return newest.isAtOutputsExpense }
        return driver.heldBufferCount < limits.heldFrameBuffers
    }

    /// What differs between a frame and the newest, in pixels of the frame; everything where that isn't known.
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
        if let result = draw(refresh) { observer.frames(self, have: result) }
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
        if let result = draw(refresh) { observer.frames(self, have: result) }
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

    private func tellWatchers(_ result: Result) {
        for watcher in watchers.values { watcher.frames(self, have: result) }
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
}

/// Whose frames a ``FrameSource`` draws.
protocol FrameSourceOwner: AnyObject {
    /// What is drawn, back to front.
    var items: [PlacedItem] { get }
    /// A tick has come: what follows from it may still change what is shown.
    func willLatch()
    /// What is to be seen now is what is shown from `refresh` on. `result` is nil where a frame is being drawn of it:
    /// then there is ``FrameSource/whenDrawn(_:)``.
    func didLatch(at refresh: Refresh, _ result: FrameSource.Result?)
    /// The frame takes long, and it is that late.
    func drawsSlowly(at time: UInt64)
}

/// Somebody who wants frames now and then.
protocol FrameObserver: AnyObject {
    /// There may be what it waits for, see ``FrameSource/awaitFrame(_:)``. It goes on waiting until it says otherwise.
    func frames(_ frames: FrameSource, have result: FrameSource.Result)
    /// Frames are of another size, or turned, or at another scale from now on.
    func framesDidChange(_ frames: FrameSource)
    /// There are no more frames.
    func framesDidStop(_ frames: FrameSource)
}

extension FrameObserver {
    func framesDidChange(_ frames: FrameSource) {}
}
