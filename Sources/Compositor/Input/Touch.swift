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

    /// A finger is put down at a place in global coordinates. `time` is in milliseconds.
    func down(_ finger: Int32, at position: Position, time: UInt32) {
        guard fingers[finger] == nil, fingers.count < Self.fingerLimit else { return }
        let position = layout.nearest(to: position)
        let hit = scene.hit(at: position)
        guard seat.pressed(hit), let hit, let surface = hit.drawable as? Surface else {
            fingers[finger] = Finger(number: finger)
            return
        }
        fingers[finger] = Finger(number: finger, surface: surface, client: surface.resource.client)
        let serial = seat.nextSerial(.press, surface)
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
        guard let surface = fingers[finger]?.surface, let place = scene.place(of: surface) else { return }
        let local = layout.nearest(to: position).from(place.origin)
        forEach(of: surface) {
            $0.sendMotion(time: time, id: finger, x: Fixed(local.x), y: Fixed(local.y))
            $0.sendFrame()
        }
    }

    /// A finger is lifted; none that isn't down.
    func up(_ finger: Int32, time: UInt32) {
        guard let known = fingers[finger] else { return }
        fingers[finger] = nil
        if let client = known.client { sendUp(finger, to: client, known.surface, time: time) }
    }

    private func sendUp(_ finger: Int32, to client: Client, _ surface: Surface?, time: UInt32) {
        let serial = seat.nextSerial(.release, surface)
        for resource in resources.hearing(of: client) {
            resource.sendUp(serial: serial, time: time, id: finger)
            resource.sendFrame()
        }
    }

    /// Fingers whose surface is gone are lifted, as far as its client is concerned.
    func liftLost(time: UInt32) {
        if fingers.isEmpty { return }
        for finger in fingers.values where finger.surface?.resource.isAlive != true {
            guard let client = finger.client else { continue }
            fingers[finger.number] = Finger(number: finger.number)
            sendUp(finger.number, to: client, nil, time: time)
        }
    }

    /// What the fingers did so far is to mean nothing.
    func cancel() {
        var told: Set<ObjectIdentifier> = []
        for finger in fingers.values {
            guard let surface = finger.surface, surface.resource.isAlive else { continue }
            guard told.insert(ObjectIdentifier(surface.resource.client)).inserted else { continue }
            forEach(of: surface) { $0.sendCancel() }
        }
        fingers = OrderedDictionary()
    }

    private func forEach(of surface: Surface, _ body: (WlTouch) -> Void) {
        for resource in resources.hearing(of: surface.resource.client) { body(resource) }
    }
}
