internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `wl_pointer`: where the seat's pointer is, which surface has it, and what it looks like.
final class Pointer: WlPointer.Requests {
    private let scene: Scene
    private let cursor: Cursor
    private let nextSerial: () -> UInt32
    private var resources = ResourcesByClient<WlPointer>()
    private weak var focus: Surface?
    /// Of the newest enter: only the client that it went to may change the cursor.
    private var enterSerial: UInt32?

    init(scene: Scene, layout: OutputLayout, nextSerial: @escaping () -> UInt32) {
        self.scene = scene
        self.nextSerial = nextSerial
        cursor = Cursor(scene: scene, layout: layout)
    }

    /// An output came, went or changed.
    func outputsChanged() { cursor.outputsChanged() }

    func bound(_ resource: WlPointer) {
        resource.handler = self
        resources.insert(resource)
    }

    func destroyed(_ resource: WlPointer) {
        resources.remove(resource)
    }

    /// Moves the pointer to a place in global coordinates, and tells whoever is there. `time` is in milliseconds.
    func move(to position: Point, time: UInt32) {
        cursor.move(to: position)
        let hit = scene.hit(at: position)
        let target = (hit?.drawable as? Surface).flatMap { surface in hit.map { (surface: surface, local: $0.local) } }
        let local = target.map { (x: Fixed(Double($0.local.x)), y: Fixed(Double($0.local.y))) }
        if target?.surface !== focus {
            leave()
            guard let surface = target?.surface, let local else { return }
            focus = surface
            let serial = nextSerial()
            enterSerial = serial
            forEach(of: surface) {
                $0.sendEnter(serial: serial, surface: surface.resource, surfaceX: local.x, surfaceY: local.y)
                $0.sendFrame()
            }
        } else if let surface = focus, let local {
            forEach(of: surface) {
                $0.sendMotion(time: time, surfaceX: local.x, surfaceY: local.y)
                $0.sendFrame()
            }
        }
    }

    private func leave() {
        enterSerial = nil
        cursor.reset()
        guard let focus, focus.resource.isAlive else { return }
        let serial = nextSerial()
        forEach(of: focus) {
            $0.sendLeave(serial: serial, surface: focus.resource)
            $0.sendFrame()
        }
        self.focus = nil
    }

    private func forEach(of surface: Surface, _ body: (WlPointer) -> Void) {
        for resource in resources[surface.resource.client] { body(resource) }
    }

    func setCursor(
        _ resource: WlPointer,
        serial: UInt32,
        surface: WlSurface?,
        hotspotX: Int32,
        hotspotY: Int32
    ) throws(ProtocolError) {
        let picture = try surface.map(Surface.of)
        let role = try picture.map { surface throws(ProtocolError) in
            let error = { ProtocolError(WlPointer.Error.role, $0, on: resource) }
            try surface.setRoleKind(.cursor, otherwise: error)
            if let role = surface.role as? CursorRole { return role }
            let role = CursorRole(surface)
            try surface.attach(role, otherwise: error)
            return role
        }
        // Who hasn't got the pointer can't say how it looks.
        guard serial == enterSerial, let focus, focus.resource.client === resource.client else { return }
        role?.hotspot = Point(x: Int(hotspotX), y: Int(hotspotY))
        cursor.show(role)
    }
}
