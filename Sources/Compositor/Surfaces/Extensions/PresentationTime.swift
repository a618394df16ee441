internal import Glibc
internal import WaylandServer

/// When and where a frame was shown.
struct Presentation {
    let output: Output
    /// Its time is that of CLOCK_MONOTONIC.
    let refresh: Refresh
    /// Refreshes in a thousand seconds.
    let rate: Int
}

/// Who wants to hear when a commit was shown.
struct PresentationFeedback: SurfaceStatePart {
    private var objects: [WpPresentationFeedback] = []

    var isWanted: Bool { !objects.isEmpty }
    var count: Int { objects.count }

    init() {}

    mutating func apply(_ newer: PresentationFeedback) { objects += newer.objects }

    /// If it was shown, they have heard of it, and are gone.
    func wasSuperseded() {
        for object in objects { object.finishWithDiscarded() }
    }

    mutating func startOver() { objects = [] }

    mutating func add(_ object: WpPresentationFeedback) { objects.append(object) }

    /// Puts those back who were taken out, before all others.
    mutating func giveBack(_ taken: [WpPresentationFeedback]) { objects = taken + objects }

    /// Takes everybody out.
    mutating func take() -> [WpPresentationFeedback] {
        defer { objects = [] }
        return objects
    }
}

/// Who wants to hear when a commit was shown that is being drawn.
struct AwaitedFeedback {
    let objects: [WpPresentationFeedback]
    let client: Client
    /// Whose commit it is, and which one.
    private(set) weak var surface: Surface?
    let commit: UInt64

    /// The commit wasn't shown so far: they wait on, if it is still the surface's last one.
    func giveBack() {
        guard let surface, surface.appliedCommits == commit else { return send(nil) }
        surface.giveBack(self)
    }

    /// Tells everybody that the commit was shown; nil: that it wasn't.
    func send(_ presentation: Presentation?) {
        guard client.isConnected else { return }
        for object in objects {
            guard let presentation else {
                object.finishWithDiscarded()
                continue
            }
            let time = WireTime(nanoseconds: presentation.refresh.time)
            for output in presentation.output.resources(of: client) { object.sendSyncOutput(output: output) }
            object.finishWithPresented(
                tvSecHi: time.high,
                tvSecLo: time.low,
                tvNsec: time.rest,
                refresh: UInt32(clamping: 1_000_000_000_000 / presentation.rate),
                seqHi: UInt32(presentation.refresh.count >> 32),
                seqLo: UInt32(truncatingIfNeeded: presentation.refresh.count),
                flags: []
            )
        }
    }
}

/// `wp_presentation`: tells clients when their frames were shown.
///
/// A headless output shows a frame from the tick on at which it was begun, and clients hear so when it is drawn.
final class PresentationGlobal: WpPresentation.Requests, Service {
    private let limits: Limits

    init(limits: Limits) {
        self.limits = limits
    }

    func bind(_ resource: WpPresentation) {
        resource.handler = self
        resource.sendClockId(clkId: UInt32(CLOCK_MONOTONIC))
    }

    func feedback(
        _ resource: WpPresentation,
        surface: WlSurface,
        callback: WpPresentationFeedback
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        guard surface.pending[PresentationFeedback.self].count < limits.frameCallbacks else {
            throw .noMemory("a commit can have \(limits.frameCallbacks) wp_presentation_feedback objects, and no more")
        }
        surface.pending[PresentationFeedback.self].add(callback)
    }
}
