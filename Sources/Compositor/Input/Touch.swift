internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `wl_touch`: which fingers are down, and on which surface each was put: that one hears of it, wherever it goes.
final class Touch: WlTouch.Requests {
    private struct Finger {
        let number: Int32
        /// Nil where no surface hears of it, or none any more.
        weak var surface: Surface?
        /// Whose surface it is.
        weak var client: Client?
        /// Where it was put, in global coordinates.
        var start = Position(x: 0, y: 0)
        /// Where it is.
        var position = Position(x: 0, y: 0)
        /// Of the event that told of it.
        var serial: UInt32 = 0
        /// What has it instead.
        var grab: (any PointerGrab)?
    }

    private unowned let seat: Seat
    private let scene: Scene
    private let layout: OutputLayout
    private var resources = ResourcesByClient<WlTouch>()
    private var fingers = OrderedDictionary<Int32, Finger>()

    /// Nobody has more.
    private static let fingerLimit = 64

    init(seat: Seat, scene: Scene, layout: OutputLayout) {
        self.seat = seat
        self.scene = scene
        self.layout = layout
    }

    func bound(_ resource: WlTouch) {
        resource.handler = self
        resources.insert(resource)
    }

    func destroyed(_ resource: WlTouch) { resources.remove(resource) }

    /// Whether a finger is down.
    func isDown(_ finger: Int32) -> Bool { fingers[finger] != nil }

    /// Those who hear of fingers that are down.
    var clients: [Client] { fingers.values.compactMap(\.client) }

    /// A finger is put down at a place in global coordinates. `time` is in milliseconds.
    func down(_ finger: Int32, at position: Position, time: UInt32) {
        guard fingers[finger] == nil, fingers.count < Self.fingerLimit else { return }
        let position = layout.nearest(to: position)
        let hit = scene.hit(at: position)
        fingers[finger] = Finger(number: finger)
        switch seat.pressed(hit, with: .first, at: position, time: time) {
        case .heard: break
        case .unheard: return
        case .taken(let grab): return fingers[finger] = Finger(number: finger, grab: grab)
        }
        guard let hit, let surface = hit.drawable as? Surface else { return }
        let serial = seat.nextSerial(.press, surface)
        let client = surface.resource.client
        fingers[finger] = Finger(
            number: finger,
            surface: surface,
            client: client,
            start: position,
            position: position,
            serial: serial
        )
        forEach(of: surface) {
            $0.sendDown(
                serial: serial,
                time: time,
                surface: surface.resource,
                id: finger,
                x: Fixed(hit.local.x),
                y: Fixed(hit.local.y)
            )
            $0.sendFrame()
        }
    }

    /// A finger is moved.
    func motion(_ finger: Int32, to position: Position, time: UInt32) {
        guard let known = fingers[finger] else { return }
        let position = layout.nearest(to: position)
        fingers[finger]?.position = position
        if let grab = known.grab { return grab.motion(to: position) }
        guard let surface = known.surface, let place = scene.place(of: surface) else { return }
        let local = position.from(place.origin)
        forEach(of: surface) {
            $0.sendMotion(time: time, id: finger, x: Fixed(local.x), y: Fixed(local.y))
            $0.sendFrame()
        }
    }

    /// A finger is lifted; none that isn't down.
    func up(_ finger: Int32, time: UInt32) {
        guard let known = fingers[finger] else { return }
        fingers[finger] = nil
        if let grab = known.grab { return grab.ended() }
        if let client = known.client { sendUp(finger, to: client, known.surface, .release, time: time) }
    }

    private func sendUp(
        _ finger: Int32,
        to client: Client,
        _ surface: Surface?,
        _ kind: PressSerials.Kind,
        time: UInt32
    ) {
        let serial = seat.nextSerial(kind, surface)
        for resource in resources.hearing(of: client) {
            resource.sendUp(serial: serial, time: time, id: finger)
            resource.sendFrame()
        }
    }

    /// Fingers whose surface is gone are lifted, as far as its client is concerned.
    func liftLost(time: UInt32) {
        if fingers.isEmpty { return }
        for finger in fingers.values { finger.grab?.sceneChanged() }
        for finger in fingers.values where finger.surface?.resource.isAlive != true {
            guard let client = finger.client else { continue }
            fingers[finger.number] = Finger(number: finger.number)
            sendUp(finger.number, to: client, nil, .other, time: time)
        }
    }

    /// What the fingers did so far is to mean nothing.
    func cancel() {
        var told: Set<ObjectIdentifier> = []
        let all = fingers
        fingers = OrderedDictionary()
        for finger in all.values {
            finger.grab?.cancelled()
            guard let surface = finger.surface, surface.resource.isAlive else { continue }
            guard told.insert(ObjectIdentifier(surface.resource.client)).inserted else { continue }
            forEach(of: surface) { $0.sendCancel() }
        }
    }

    // MARK: Grabs

    /// Where a finger was put, if a client was told with this serial that it was put on one of its surfaces.
    func dragStart(_ serial: UInt32, of client: Client) -> (finger: Int32, position: Position)? {
        let found = fingers.values.first { $0.client === client && $0.serial == serial && $0.surface != nil }
        return found.map { ($0.number, $0.start) }
    }

    /// Has all that a finger does go to `grab` until it is lifted. What its client's fingers did is to mean nothing.
    func begin(_ grab: any PointerGrab, with finger: Int32) {
        guard let surface = fingers[finger]?.surface else { return }
        let (client, position) = (surface.resource.client, fingers[finger]?.position)
        forEach(of: surface) { $0.sendCancel() }
        for other in fingers.values where other.client === client {
            fingers[other.number] = Finger(number: other.number)
        }
        fingers[finger]?.grab = grab
        // It may have been moved since.
        if let position { grab.motion(to: position) }
    }

    /// A grab is over before the finger is lifted, which nobody hears of then.
    func end(_ grab: any PointerGrab) {
        guard let finger = fingers.values.first(where: { $0.grab === grab }) else { return }
        fingers[finger.number]?.grab = nil
        grab.ended()
    }

    /// A window is gone, and what fingers were doing with it is over.
    func windowIsGone(_ window: Window) {
        for finger in fingers.values {
            if let grab = finger.grab as? any WindowGrab, grab.window === window { end(grab) }
        }
    }

    private func forEach(of surface: Surface, _ body: (WlTouch) -> Void) {
        for resource in resources.hearing(of: surface.resource.client) { body(resource) }
    }
}
