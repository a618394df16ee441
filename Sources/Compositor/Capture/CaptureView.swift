internal import Pixels

/// What can be captured.
enum CaptureSubject {
    /// An output, with all that it shows, or without the pointer's picture.
    case output(Output, hasCursor: Bool)
    /// A window, with what stands on it as far as it lies in front of it, and whatever covers it left away.
    case window(Window, hasCursor: Bool)
    /// The pointer's picture, at the scale of something else.
    case cursor(of: CaptureArea)
}

/// An output or a window, and where it is to be seen; nothing of it is kept alive.
struct CaptureArea {
    private(set) weak var output: Output?
    private(set) weak var window: Window?
    /// Of the window, when it was chosen.
    private var number: UInt64?

    init(_ output: Output?) { self.output = output }

    init(_ window: Window?) {
        self.window = window
        number = window?.number
    }

    /// What is captured of it; nil once it is gone.
    func subject(hasCursor: Bool) -> CaptureSubject? {
        if let output { return .output(output, hasCursor: hasCursor) }
        guard let window, window.isMapped, window.number == number else { return nil }
        return .window(window, hasCursor: hasCursor)
    }

    /// How it is shown; nil where it is gone, or nothing of it is there.
    func view(in layout: OutputLayout) -> View? {
        switch subject(hasCursor: false) {
        case .output(let output, _): output.view
        case .window(let window, _): layout.view(of: window)
        case .cursor, nil: nil
        }
    }
}

extension OutputLayout {
    /// A window as the output shows it that shows most of it, upright; nil where it has no size, or there is no output.
    fileprivate func view(of window: Window) -> View? {
        let frame = window.frame
        func area(_ output: Output) -> Int { output.bounds.intersection(frame).area }
        let output = outputs.max { area($0) < area($1) }
        return output?.view.part(of: frame, atMost: OutputMode.lengths.upperBound)
    }
}

/// A view of a part of the scene that no output shows so: its frames are drawn for a capture alone, and only while that
/// waits for one.
final class CaptureView: SceneViewer, FrameSourceOwner {
    let frames: FrameSource
    private let subject: () -> CaptureSubject?
    private let scene: Scene
    private let layout: OutputLayout
    private let cursor: Cursor
    /// What isn't drawn, as that would take too long.
    private var leftOut: Set<ObjectIdentifier> = []
    private var isListening = false
    private(set) var isStopped = false
    /// For its buffers.
    private var charge: Charge?

    /// A view of what `subject` is at a time; nil where that is nothing.
    init?(of subject: @escaping () -> CaptureSubject?, by studio: CaptureStudio) {
        (scene, layout, cursor) = (studio.scene, studio.layout, studio.cursor)
        self.subject = subject
        guard let view = Self.view(of: subject(), layout, cursor, before: nil) else { return nil }
        frames = FrameSource(
            name: "a capture",
            view: view,
            driver: studio.makeDriver(Self.state(view, layout)),
            scene: scene,
            renderer: studio.renderer,
            loop: studio.loop,
            clock: studio.clock,
            limits: studio.limits,
            ticksAlways: false,
            log: studio.log
        )
        frames.owner = self
    }

    private static func view(
        of subject: CaptureSubject?,
        _ layout: OutputLayout,
        _ cursor: Cursor,
        before: View?
    ) -> View? {
        switch subject {
        case .output(let output, _): return output.view
        case .window(let window, _): return layout.view(of: window)
        case .cursor(let area):
            guard let around = area.view(in: layout) else { return nil }
            var view = View(origin: Point(x: 0, y: 0), scale: around.scale, size: Size(width: 1, height: 1))
            view.isTransparent = true
            // While nothing is to be seen of it, buffers stay as they are.
            guard let frame = cursor.shown?.frame else { return before ?? view }
            view.size = Size(width: 1 << 20, height: 1 << 20)
            view.origin = frame.origin
            return view.part(of: frame, atMost: OutputMode.lengths.upperBound) ?? before
        case nil: return nil
        }
    }

    private static func state(_ view: View, _ layout: OutputLayout) -> OutputState {
        let refresh = layout.primary?.mode.refresh ?? OutputMode().refresh
        let size = view.size
        let mode = OutputMode(width: size.width, height: size.height, refresh: refresh, scale: view.scale)
        return OutputState(mode: mode, position: view.origin, orientation: view.orientation)
    }

    /// Follows what there is to be seen from now on; false where nothing is, or `account` can't pay for its buffers.
    func begin(for account: ClientAccount) -> Bool {
        update()
        if isStopped { return false }
        // One that is drawn into, and one that is copied.
        let byteCount = 2 * frames.view.size.width * frames.view.size.height * PixelFormat.xrgb8888.bytesPerPixel
        guard (try? account.change(&charge, to: byteCount, of: .copiedBytes)) != nil else { return false }
        if isListening { return true }
        isListening = true
        scene.follow(self)
        frames.addDamage(bounds)
        return true
    }

    /// Has it show what its subject is now.
    func update() {
        if isStopped { return }
        guard let view = Self.view(of: subject(), layout, cursor, before: frames.view) else { return stop() }
        if view == frames.view { return }
        guard (try? frames.driver.commit(Self.state(view, layout))) != nil else { return stop() }
        frames.change(view)
        frames.addDamage(bounds)
    }

    func stop() {
        if isStopped { return }
        isStopped = true
        if isListening { scene.unfollow(self) }
        frames.stop()
        charge = nil
    }

    // MARK: What it shows

    var bounds: Rectangle { frames.view.bounds }

    func effort(of item: PlacedItem) -> Int { frames.view.effort(of: item) }

    func addDamage(_ region: Region) { frames.addDamage(region) }

    func addDamage(_ rectangle: Rectangle) { frames.addDamage(rectangle) }

    func requestFrame() { frames.requestFrame() }

    func changedOutside() {
        guard case .window(let window, _) = subject(), window.isMinimized else { return }
        // What turns out to be the same isn't damage.
        frames.addDamage(bounds)
    }

    var items: [PlacedItem] {
        switch subject() {
        case .output(let output, let hasCursor):
            let items = scene.items(drawnFor: output)
            if hasCursor { return items }
            let hidden = Set(scene.items(in: .cursor).map { ObjectIdentifier($0.drawable) })
            return hidden.isEmpty ? items : items.filter { !hidden.contains(ObjectIdentifier($0.drawable)) }
        case .window(let window, let hasCursor):
            let items = scene.items(of: window) + (hasCursor ? scene.items(in: .cursor) : [])
            return affordable(items)
        case .cursor: return affordable(scene.items(in: .cursor))
        case nil: return []
        }
    }

    /// Those of all items that are drawn, where all would take too long.
    private func affordable(_ items: [PlacedItem]) -> [PlacedItem] {
        let result = DrawingBudget.affordable(items, for: self)
        func identities(_ items: [PlacedItem]) -> Set<ObjectIdentifier> {
            Set(items.map { ObjectIdentifier($0.drawable) })
        }
        let now = result.count < items.count ? identities(items).subtracting(identities(result)) : []
        if now != leftOut {
            leftOut = now
            // The frame that is about to be drawn has it.
            frames.addDamage(bounds)
        }
        return result
    }

    func willLatch() { update() }

    func didLatch(at refresh: Refresh, _ result: FrameSource.Result?) {}

    func drawsSlowly(at time: UInt64) {}
}
