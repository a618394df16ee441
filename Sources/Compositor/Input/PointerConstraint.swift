internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// Keeps the pointer on a surface, or where it is, while that surface's client is the one in use.
class PointerConstraint {
    private enum Stage {
        /// It may take effect.
        case waiting
        case active
        /// It never will again.
        case over
    }

    private(set) weak var surface: Surface?
    /// The surface's; another one may have it later.
    fileprivate let key: ObjectIdentifier
    private let isPersistent: Bool
    /// Where it holds, as it was made, in surface coordinates; nil is all of the surface.
    private let firstArea: ClientRegion?
    private var stage = Stage.waiting
    /// Tells the client that it takes effect, or no longer does.
    private let tell: (Bool) -> Void
    /// Who keeps it; nil once it is gone there.
    fileprivate weak var constraints: PointerConstraints?

    fileprivate init(
        _ surface: Surface,
        _ area: ClientRegion?,
        _ lifetime: ZwpPointerConstraintsV1.Lifetime,
        tell: @escaping (Bool) -> Void
    ) {
        self.tell = tell
        self.surface = surface
        key = ObjectIdentifier(surface)
        firstArea = area
        isPersistent = lifetime == .persistent
    }

    var isActive: Bool { stage == .active }
    var isWaiting: Bool { stage == .waiting }

    fileprivate func activate() {
        stage = .active
        tell(true)
    }

    fileprivate func deactivate() {
        stage = isPersistent ? .waiting : .over
        tell(false)
    }

    /// Where the pointer may go that is to go somewhere; both in surface coordinates.
    fileprivate func limited(_ wanted: Position, from now: Position) -> Position { now }

    /// Where it holds: of the surface, what takes input, and was asked for.
    fileprivate var area: Region {
        guard let surface else { return Region() }
        var area = Region(surface.size.bounds)
        if let input = surface.current.inputRegion { area.formIntersection(input.region) }
        let set = surface.current[Setting<ConstraintArea>.self].value
        let asked = set?.constraint === self ? set?.region : firstArea
        if let asked { area.formIntersection(asked.region) }
        return area
    }

    fileprivate func setArea(_ region: WlRegion?) throws(ProtocolError) {
        let region = try (region?.handler as? RegionObject)?.take()
        surface?.pending[Setting<ConstraintArea>.self].value = ConstraintArea.Area(constraint: self, region: region)
    }

    fileprivate func destroyed() { constraints?.remove(self) }
}

/// Where a constraint holds from a commit on.
private enum ConstraintArea: SurfaceSetting {
    struct Area {
        weak var constraint: PointerConstraint?
        let region: ClientRegion?
    }

    typealias Value = Area
}

/// Where the pointer should be after a lock.
private enum CursorHint: SurfaceSetting {
    struct Hint {
        weak var constraint: PointerConstraint?
        /// In surface coordinates.
        let position: Position
    }

    typealias Value = Hint
}

/// `zwp_locked_pointer_v1`: the pointer stays where it is, and only relative motion is told of.
final class LockedPointer: PointerConstraint, ZwpLockedPointerV1.Requests {
    /// Where the client wants the pointer to be afterwards, in surface coordinates.
    fileprivate var hint: Position? {
        let hint = surface?.current[Setting<CursorHint>.self].value
        return hint?.constraint === self ? hint?.position : nil
    }

    func setCursorPositionHint(_ resource: ZwpLockedPointerV1, surfaceX: Fixed, surfaceY: Fixed) throws(ProtocolError) {
        let position = Position(x: surfaceX.doubleValue, y: surfaceY.doubleValue)
        surface?.pending[Setting<CursorHint>.self].value = CursorHint.Hint(constraint: self, position: position)
    }

    func setRegion(_ resource: ZwpLockedPointerV1, region: WlRegion?) throws(ProtocolError) { try setArea(region) }

    func destroyed(_ resource: ZwpLockedPointerV1) { destroyed() }
}

/// `zwp_confined_pointer_v1`: the pointer doesn't leave the surface.
final class ConfinedPointer: PointerConstraint, ZwpConfinedPointerV1.Requests {
    /// The nearest place inside.
    fileprivate override func limited(_ wanted: Position, from now: Position) -> Position {
        let area = area
        if area.contains(wanted.pixel) { return wanted }
        var (best, least) = (now, Double.infinity)
        area.forEachRectangle { rectangle in
            // The last place that is told of as one inside.
            let end = (x: Double(rectangle.maxX) - 1.0 / 256, y: Double(rectangle.maxY) - 1.0 / 256)
            let place = Position(
                x: max(Double(rectangle.minX), min(wanted.x, end.x)),
                y: max(Double(rectangle.minY), min(wanted.y, end.y))
            )
            let (dx, dy) = (place.x - wanted.x, place.y - wanted.y)
            if dx * dx + dy * dy < least { (best, least) = (place, dx * dx + dy * dy) }
        }
        return best
    }

    func setRegion(_ resource: ZwpConfinedPointerV1, region: WlRegion?) throws(ProtocolError) { try setArea(region) }

    func destroyed(_ resource: ZwpConfinedPointerV1) { destroyed() }
}

/// All constraints of the pointer: each surface has one, and one is active at most.
final class PointerConstraints {
    private var bySurface: [ObjectIdentifier: PointerConstraint] = [:]
    private var active: PointerConstraint?
    /// Is called when a lock is over whose client wants the pointer to be somewhere, in coordinates of the surface.
    var onHint: (Surface, Position) -> Void = { _, _ in }
    /// Is called when there is another one.
    var onAdd: () -> Void = {}

    /// Whether a surface has one. Those that are over, or of surfaces that are gone, don't count.
    fileprivate func has(_ surface: Surface) -> Bool {
        guard let known = bySurface[ObjectIdentifier(surface)], known.surface === surface else { return false }
        return known.isActive || known.isWaiting
    }

    fileprivate func add(_ constraint: PointerConstraint) {
        constraint.constraints = self
        bySurface[constraint.key] = constraint
        onAdd()
    }

    fileprivate func remove(_ constraint: PointerConstraint) {
        if bySurface[constraint.key] === constraint { bySurface[constraint.key] = nil }
        guard active === constraint else { return }
        active = nil
        if let surface = constraint.surface, let hint = (constraint as? LockedPointer)?.hint {
            // Elsewhere it has no say.
            if constraint.area.contains(hint.pixel) { onHint(surface, hint) }
        }
    }

    /// The pointer is at a place of a surface, in its coordinates, whose client is in use or not; or on none.
    func update(_ focus: Surface?, at local: Position, isInUse: Bool) {
        if let active {
            if isInUse, active.surface === focus, focus != nil { return }
            self.active = nil
            active.deactivate()
        }
        guard isInUse, let focus, let new = bySurface[ObjectIdentifier(focus)], new.surface === focus else { return }
        guard new.isWaiting, new.area.contains(local.pixel) else { return }
        active = new
        new.activate()
    }

    /// Where the pointer may go that is to go somewhere, both in coordinates of the surface whose constraint is active.
    func limited(_ wanted: Position, from now: Position) -> Position {
        active?.limited(wanted, from: now) ?? wanted
    }

    /// The surface whose constraint is active.
    var surface: Surface? { active?.surface }
}

/// `zwp_pointer_constraints_v1`.
final class PointerConstraintsGlobal: ZwpPointerConstraintsV1.Requests, Service {
    private let constraints: PointerConstraints

    init(_ constraints: PointerConstraints) { self.constraints = constraints }

    func bind(_ resource: ZwpPointerConstraintsV1) { resource.handler = self }

    func lockPointer(
        _ resource: ZwpPointerConstraintsV1,
        id: ZwpLockedPointerV1,
        surface: WlSurface,
        pointer: WlPointer,
        region: WlRegion?,
        lifetime: ZwpPointerConstraintsV1.Lifetime
    ) throws(ProtocolError) {
        let (surface, area) = try check(surface, region)
        let constraint = LockedPointer(surface, area, lifetime) { [weak id] isActive in
            if isActive { id?.sendLocked() } else { id?.sendUnlocked() }
        }
        id.handler = constraint
        constraints.add(constraint)
    }

    func confinePointer(
        _ resource: ZwpPointerConstraintsV1,
        id: ZwpConfinedPointerV1,
        surface: WlSurface,
        pointer: WlPointer,
        region: WlRegion?,
        lifetime: ZwpPointerConstraintsV1.Lifetime
    ) throws(ProtocolError) {
        let (surface, area) = try check(surface, region)
        let constraint = ConfinedPointer(surface, area, lifetime) { [weak id] isActive in
            if isActive { id?.sendConfined() } else { id?.sendUnconfined() }
        }
        id.handler = constraint
        constraints.add(constraint)
    }

    private func check(_ surface: WlSurface, _ region: WlRegion?) throws(ProtocolError) -> (Surface, ClientRegion?) {
        let target = try Surface.of(surface)
        guard !constraints.has(target) else {
            throw ProtocolError(
                ZwpPointerConstraintsV1.Error.alreadyConstrained,
                "wl_surface@\(surface.id) has a locked or confined pointer already; destroy that first"
            )
        }
        return (target, try (region?.handler as? RegionObject)?.take())
    }
}
