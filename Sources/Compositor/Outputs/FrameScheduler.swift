/// Says when clients may draw their next frames, and tells them when the last ones were shown.
///
/// A surface goes by the first output that it can be seen on, and by a slow clock while nobody can see it.
final class FrameScheduler {
    private let scene: Scene
    private let clock: any Clock
    private let presence: SurfacePresence
    private let hiddenFrames: HiddenFrames
    /// Surfaces whose clients wait to hear of a frame, in the order in which they began to wait.
    private var waiting = OrderedDictionary<ObjectIdentifier, Surface>()

    init(scene: Scene, presence: SurfacePresence, clock: any Clock) {
        self.scene = scene
        self.presence = presence
        self.clock = clock
        hiddenFrames = HiddenFrames(clock: clock)
        hiddenFrames.action = { [unowned self] time in tickHidden(time: time) }
    }

    /// The time as frame callbacks carry it, in milliseconds.
    var time: UInt32 { milliseconds(clock.now) }

    /// A surface's client wants to hear of the frame that shows its last commit.
    func awaitFrame(_ surface: Surface) {
        waiting[ObjectIdentifier(surface)] = surface
        // A change of the layout has asked for a frame already; who is to be seen then is found out then.
        if !scene.willBeLaidOut { requestFrame(for: surface) }
    }

    private func requestFrame(for surface: Surface) {
        if let viewer = scene.viewer(of: surface) {
            viewer.requestFrame()
        } else {
            hiddenFrames.request()
        }
    }

    /// The surface is gone.
    func remove(_ surface: Surface) {
        if !waiting.isEmpty { waiting[ObjectIdentifier(surface)] = nil }
        presence.remove(surface)
    }

    /// An output is another one than before: clients hear what that means for their surfaces.
    func outputChanged(_ output: Output) {
        presence.outputChanged(output)
        if !waiting.isEmpty { hiddenFrames.request() }
    }

    /// An output is gone: surfaces leave it at once.
    func outputRemoved() {
        presence.update()
        if !waiting.isEmpty { hiddenFrames.request() }
    }

    /// `output` has its turn at `time`: those that can be seen on it may go on drawing. Where it draws, `takesFeedback`
    /// says so, and those are given back who want to hear when they were shown; otherwise they wait for a later turn.
    func outputDidTick(_ output: Output, time: UInt64, takesFeedback: Bool) -> [AwaitedFeedback] {
        presence.update()
        var feedback: [AwaitedFeedback] = []
        for surface in waiting.values {
            guard scene.viewer(of: surface) === output else {
                requestFrame(for: surface)
                continue
            }
            if takesFeedback, let awaited = surface.takeFeedback() { feedback.append(awaited) }
            surface.sendFrameCallbacks(time: milliseconds(time))
            if !surface.waitsForFrame { waiting[ObjectIdentifier(surface)] = nil }
        }
        return feedback
    }

    /// Those whom nobody can see have waited long enough.
    private func tickHidden(time: UInt32) {
        for surface in waiting.values {
            if let viewer = scene.viewer(of: surface) {
                viewer.requestFrame()
            } else {
                waiting[ObjectIdentifier(surface)] = nil
                surface.takeFeedback()?.send(nil)
                surface.sendFrameCallbacks(time: time)
            }
        }
    }
}
