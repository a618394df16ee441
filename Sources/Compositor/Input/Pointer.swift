internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `wl_pointer`: where the seat's pointer is, which surface has it, and what it looks like.
///
/// The surface at its place has it; while a button is down, the one that it went down on, wherever the pointer is then.
/// What belongs together ends with a frame event.
final class Pointer: WlPointer.Requests {
    private unowned let seat: Seat
    private let scene: Scene
    private let layout: OutputLayout
    let cursor: Cursor
    private var resources = ResourcesByClient<WlPointer>()
    /// What keeps it somewhere.
    let constraints = PointerConstraints()
    /// Who hears how far it was moved.
    let relatives = RelativePointers()
    /// In global coordinates; nil before it was first moved.
    private(set) var position: Position?
    private(set) weak var focus: Surface?
    /// Where it is in the focus, as it was told.
    private var local = (x: Fixed(rawValue: 0), y: Fixed(rawValue: 0))
    /// Of the newest enter: only the client that it went to may change the cursor.
    private var enterSerial: UInt32?
    /// Buttons that are down, in the order in which they went down.
    private var pressed: [UInt32] = []
    /// Those of them that no surface has heard of.
    private var unheard: Set<UInt32> = []
    /// Of the press that gave the focus the pointer until all buttons are released.
    private var dragSerial: UInt32?
    /// Where it was then.
    private var dragPosition: Position?
    private var grab: (any PointerGrab)?
    /// Whether somebody would have it who reads too slowly to be told so.
    private var isPostponed = false
    /// What the scene was like when it was last looked for what is under the pointer.
    private var seenVersion: UInt64 = 0
    /// Parts of wheels' steps, in 120ths, that clients who know only whole ones wait for.
    private var partialSteps: [Scroll.Axis: Int32] = [:]

    /// Whether a button is down.
    func isDown(_ button: UInt32) -> Bool { pressed.contains(button) }

    /// No pointer has more buttons.
    private static let buttonLimit = 64

    init(seat: Seat, scene: Scene, layout: OutputLayout) {
        self.seat = seat
        self.scene = scene
        self.layout = layout
        cursor = Cursor(scene: scene, layout: layout)
        constraints.onAdd = { [unowned self] in updateConstraints() }
        constraints.onHint = { [unowned self] surface, hint in
            guard let place = scene.place(of: surface) else { return }
            self.place(at: Position(x: Double(place.x) + hint.x, y: Double(place.y) + hint.y))
        }
    }

    /// Finds out whether it is locked or confined now. The window with the keyboard is the one in use.
    func updateConstraints() {
        let isInUse = grab == nil && focus.map { seat.isInUse($0.resource.client) } ?? false
        constraints.update(focus, at: Position(x: local.x.doubleValue, y: local.y.doubleValue), isInUse: isInUse)
    }

    /// Where it may go that is to go somewhere, both in global coordinates.
    private func limited(_ wanted: Position) -> Position {
        guard let position, let surface = constraints.surface, let origin = scene.place(of: surface)?.origin else {
            return wanted
        }
        return constraints.limited(wanted.from(origin), from: position.from(origin)).from(origin.negated)
    }

    /// An output came, went or changed.
    func outputsChanged() {
        cursor.outputsChanged()
        // There is somewhere to be.
        if let position { place(at: position) }
    }

    func bound(_ resource: WlPointer) {
        resource.handler = self
        resources.insert(resource)
        // Who comes late hears what the others know.
        guard let focus, let enterSerial, focus.resource.client === resource.client else { return }
        guard resources.hears(resource) else { return }
        resource.sendEnter(serial: enterSerial, surface: focus.resource, surfaceX: local.x, surfaceY: local.y)
        resource.sendFrame()
    }

    func destroyed(_ resource: WlPointer) {
        resources.remove(resource)
    }

    // MARK: Events

    /// Moves it to a place in global coordinates, and tells whoever is there. `time` is in milliseconds.
    func move(to position: Position, time: UInt32) {
        let start = self.position ?? position
        place(at: limited(position))
        if let grab, let position = self.position { return grab.motion(to: position) }
        refocus(time: time, moved: (position.x - start.x, position.y - start.y))
        if let position = self.position { seat.grab?.pointerMoved(to: position) }
    }

    /// Moves it by so much.
    func move(dx: Double, dy: Double, time: UInt32) {
        let from = position ?? Position(x: 0, y: 0)
        move(to: Position(x: from.x + dx, y: from.y + dy), time: time)
    }

    private func place(at position: Position) {
        let position = layout.nearest(to: position)
        self.position = position
        cursor.move(to: position.pixel)
    }

    /// A button goes down or comes up; what was so already is no news.
    func button(_ code: UInt32, isPressed: Bool, time: UInt32) {
        guard pressed.contains(code) != isPressed, pressed.count < Self.buttonLimit || !isPressed else { return }
        // Whoever has come there meanwhile.
        if pressed.isEmpty { refocus(time: time) }
        if isPressed { pressed.append(code) } else { pressed.removeAll { $0 == code } }
        if grab != nil {
            if isPressed { unheard.insert(code) } else { unheard.remove(code) }
            if pressed.isEmpty { endGrab(time: time) }
            return
        }
        if isPressed, pressed.count == 1, let position {
            switch seat.pressed(hit, with: PressedButton(code), at: position, time: time) {
            case .heard: break
            case .unheard: unheard.insert(code)
            case .taken(let grab):
                unheard.insert(code)
                return begin(grab)
            }
        }
        if unheard.contains(code) {
            if !isPressed { unheard.remove(code) }
        } else if let focus {
            let serial = seat.nextSerial(isPressed ? .press : .release, focus)
            if pressed.count == 1, isPressed { (dragSerial, dragPosition) = (serial, position) }
            forEach(of: focus) {
                $0.sendButton(serial: serial, time: time, button: code, state: isPressed ? .pressed : .released)
                $0.sendFrame()
            }
        }
        if pressed.isEmpty {
            dragSerial = nil
            refocus(time: time)
            if !isPressed { seat.grab?.pointerReleased() }
        }
    }

    /// A wheel is turned, or something is scrolled.
    func scroll(_ scroll: Scroll, time: UInt32) {
        refocus(time: time)
        guard grab == nil, let focus else { return }
        let axis: WlPointer.Axis = scroll.axis == .vertical ? .verticalScroll : .horizontalScroll
        let (sum, _) = partialSteps[scroll.axis, default: 0].addingReportingOverflow(scroll.value120)
        partialSteps[scroll.axis] = sum % 120
        let source: WlPointer.AxisSource =
            switch scroll.source {
            case .wheel: .wheel
            case .finger: .finger
            case .continuous: .continuous
            case .wheelTilt: .wheelTilt
            }
        forEach(of: focus) {
            // Which came with version 6.
            $0.sendAxisSource(axisSource: source == .wheelTilt && $0.version < 6 ? .wheel : source)
            if scroll.value120 != 0 {
                if $0.version >= 8 {
                    $0.sendAxisValue120(axis: axis, value120: scroll.value120)
                } else if sum / 120 != 0 {
                    $0.sendAxisDiscrete(axis: axis, discrete: sum / 120)
                }
            }
            if scroll.value == 0, scroll.value120 == 0 {
                $0.sendAxisStop(time: time, axis: axis)
            } else {
                $0.sendAxis(time: time, axis: axis, value: Fixed(scroll.value))
            }
            $0.sendFrame()
        }
    }

    // MARK: Focus

    /// What is at its place.
    private var hit: Scene.Hit? { position.flatMap { scene.hit(at: $0) } }

    /// Finds out who has the pointer now, and tells what is new: it was moved, or something under it.
    /// `way` is how far it was to be moved.
    func refocus(time: UInt32, moved way: (x: Double, y: Double) = (0, 0)) {
        if let grab { return grab.sceneChanged() }
        defer { updateConstraints() }
        // What it is confined to may have become smaller, or another.
        if let position, constraints.surface != nil {
            let inside = limited(position)
            if inside != position { place(at: inside) }
        }
        isPostponed = false
        let target = target
        let new = (x: Fixed(target?.local.x ?? 0), y: Fixed(target?.local.y ?? 0))
        if target?.surface !== focus {
            change(to: target?.surface, at: new)
        } else if let focus, new != local || way != (0, 0) {
            let isElsewhere = new != local
            local = new
            relatives.send(way.x, way.y, to: focus.resource.client, time: time)
            forEach(of: focus) {
                if isElsewhere { $0.sendMotion(time: time, surfaceX: new.x, surfaceY: new.y) }
                $0.sendFrame()
            }
        }
    }

    /// Does so where something may have come, gone or moved since the last time: once a frame.
    func refocusIfNeeded(time: UInt32) {
        // What it is confined to can change by itself.
        let mustLook = constraints.surface != nil || isPostponed
        guard position != nil, mustLook || scene.layoutVersion != seenVersion else { return }
        refocus(time: time)
        seenVersion = scene.layoutVersion
    }

    /// Who is to have it, and where it is there.
    private var target: (surface: Surface, local: Position)? {
        guard let position else { return nil }
        // A menu's client has it all over its surfaces, as menus are also opened, and chosen from, by one long press.
        if !pressed.isEmpty, seat.grab == nil, let focus, let place = scene.place(of: focus) {
            return (focus, position.from(place.origin))
        }
        guard let hit, let surface = hit.drawable as? Surface, seat.reaches(surface) else { return nil }
        if surface !== focus, !surface.resource.client.hearsOfOthers {
            isPostponed = true
            return nil
        }
        return (surface, hit.local)
    }

    private func change(to surface: Surface?, at place: (x: Fixed, y: Fixed), keepsCursor: Bool = false) {
        enterSerial = nil
        dragSerial = nil
        partialSteps = [:]
        // Whoever comes next hasn't heard of what is pressed, unless it is a menu's client still.
        let isSameClient = surface != nil && surface?.resource.client === focus?.resource.client
        if !isSameClient || seat.grab == nil { unheard.formUnion(pressed) }
        if !keepsCursor { cursor.reset() }
        focus?.onDestroy = nil
        surface?.onDestroy = { [unowned self] in change(to: nil, at: local) }
        if let old = focus, old.resource.isAlive {
            let serial = seat.nextSerial(.other, old)
            // A frame of its own, as everywhere: not all clients take two surfaces in one.
            forEach(of: old) {
                $0.sendLeave(serial: serial, surface: old.resource)
                $0.sendFrame()
            }
        }
        focus = surface
        local = place
        guard let surface else { return }
        let serial = seat.nextSerial(.other, surface)
        enterSerial = serial
        forEach(of: surface) {
            $0.sendEnter(serial: serial, surface: surface.resource, surfaceX: place.x, surfaceY: place.y)
            $0.sendFrame()
        }
    }

    private func forEach(of surface: Surface, _ body: (WlPointer) -> Void) {
        for resource in resources.hearing(of: surface.resource.client) { body(resource) }
    }

    // MARK: Grabs

    /// Where the press was that the client was told of with this serial, if one of its surfaces has the pointer because
    /// of it.
    func dragStart(_ serial: UInt32, of client: Client) -> Position? {
        guard grab == nil, serial == dragSerial, focus?.resource.client === client else { return nil }
        return dragPosition
    }

    /// Has all that the pointer does go to `grab`, until the last button is released. No surface has it meanwhile.
    func begin(_ grab: any PointerGrab) {
        self.grab = grab
        change(to: nil, at: local, keepsCursor: true)
        updateConstraints()
        // It may have been moved since the press.
        if let position { grab.motion(to: position) }
    }

    /// A window is gone, and what the pointer was doing with it is over.
    func windowIsGone(_ window: Window, time: UInt32) {
        if let grab = grab as? any WindowGrab, grab.window === window { endGrab(time: time) }
    }

    /// A grab is over before the last button is released.
    func end(_ grab: any PointerGrab, time: UInt32) {
        if self.grab === grab { endGrab(time: time) }
    }

    private func endGrab(time: UInt32) {
        let ended = grab
        grab = nil
        if pressed.isEmpty { unheard = [] }
        cursor.reset()
        ended?.ended()
        refocus(time: time)
    }

    // MARK: Requests

    /// Looks as a client wishes that has it, and was told so with this serial.
    func setShape(_ shape: CursorShape, serial: UInt32, by client: Client) throws(ProtocolError) {
        guard serial == enterSerial, let focus, focus.resource.client === client else { return }
        try cursor.show(shape, for: client.account)
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
            try surface.takeRole(.cursor, CursorRole(surface)) { ProtocolError(WlPointer.Error.role, $0, on: resource) }
        }
        // Who hasn't got the pointer can't say how it looks.
        guard serial == enterSerial, let focus, focus.resource.client === resource.client else { return }
        role?.hotspot = Point(x: Int(hotspotX), y: Int(hotspotY))
        cursor.show(role)
    }
}
