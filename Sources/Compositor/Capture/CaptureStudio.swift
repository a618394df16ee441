internal import DirectRendering
internal import WaylandServer

/// What captures of windows, of the pointer, and of outputs without it share: one thread that draws them all, so that
/// outputs don't wait for them; and a bound for how many there are.
final class CaptureStudio {
    let scene: Scene
    let layout: OutputLayout
    let cursor: Cursor
    let loop: EventLoop
    let clock: any Clock
    let limits: Limits
    /// The device that clients make dma-bufs for, if there is one.
    let device: DRMDevice?
    let log: (String) -> Void
    /// Makes what frames of their own are drawn with.
    let makeDriver: (OutputState) -> any OutputDriver
    let renderer = Renderer()
    /// Those that are told at each tick.
    private var followers = OrderedDictionary<ObjectIdentifier, Follower>()

    private struct Follower {
        weak var object: (any CaptureFollower)?
        let owner: ObjectIdentifier
    }

    init(
        scene: Scene,
        layout: OutputLayout,
        cursor: Cursor,
        loop: EventLoop,
        clock: any Clock,
        limits: Limits,
        device: DRMDevice?,
        log: @escaping (String) -> Void,
        makeDriver: @escaping (OutputState) -> any OutputDriver
    ) {
        self.scene = scene
        self.layout = layout
        self.cursor = cursor
        self.loop = loop
        self.clock = clock
        self.limits = limits
        self.device = device
        self.log = log
        self.makeDriver = makeDriver
    }

    /// Tells somebody what outputs latch; false where there are too many already, of all processes or of its own.
    func add(_ follower: any CaptureFollower, of account: ClientAccount) -> Bool {
        let owner = ObjectIdentifier(account.sharedAmongProcess)
        let own = followers.values.count { $0.owner == owner }
        guard followers.count < limits.captures, own < limits.capturesPerProcess else { return false }
        followers[ObjectIdentifier(follower)] = Follower(object: follower, owner: owner)
        return true
    }

    func remove(_ follower: any CaptureFollower) { followers[ObjectIdentifier(follower)] = nil }

    /// How many there are.
    var count: Int { followers.count }

    /// Something is latched, or outputs have changed.
    func update() {
        if followers.isEmpty { return }
        for follower in followers.values { follower.object?.update() }
    }
}

/// Somebody who tells a client what becomes of what it captures.
protocol CaptureFollower: AnyObject {
    func update()
}
