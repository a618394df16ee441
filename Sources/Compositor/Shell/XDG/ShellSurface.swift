internal import Pixels
internal import WaylandServer

/// The rectangle of a surface that counts as the window, without shadows, in surface coordinates.
enum WindowGeometry: SurfaceSetting {
    typealias Value = Rectangle
    static let changesShape = true
}

/// The role of a surface with an xdg_surface: `xdg_toplevel` or `xdg_popup`. It goes through the ``ShellSurface``'s
/// dance in ``SurfaceRole/willCommit(_:)`` and ``SurfaceRole/didCommit(_:)``.
protocol ShellRole: SurfaceRole {
    /// Where its window geometry is, in global coordinates; nil while it can't be seen.
    var windowOrigin: Point? { get }
    /// Sends the role's own part of a configure.
    func sendConfigure(serial: UInt32)
    /// The client has accepted the configure with this serial.
    func didAck(serial: UInt32)
    /// The surface shows nothing any more, and starts anew.
    func didUnmap()
}

/// Stands for the role of a surface whose xdg_surface has no role object.
private final class NoRole: SurfaceRole {
    private weak var shell: ShellSurface?

    init(_ shell: ShellSurface) { self.shell = shell }

    var node: (any SceneNode)? { nil }

    func willAttach(_ surface: Surface) throws(ProtocolError) { try shell?.checkConfigured() }

    func willCommit(_ surface: Surface) throws(ProtocolError) { try shell?.willCommit(surface) }

    func didCommit(_ surface: Surface) { _ = shell?.didCommit(surface) }

    func surfaceDestroyed(_ surface: Surface) { shell?.surfaceDestroyed() }
}

/// `xdg_surface`: the part of the dance that windows and popups share.
///
/// The order is strict, as the protocol has it: a first commit without a buffer, a configure, its ack, and only then
/// pixels. Unmapping goes back to the start.
final class ShellSurface: XdgSurface.Requests {
    private enum Stage {
        /// Nothing was committed yet.
        case new
        /// A configure was sent; pixels may come once it is acked.
        case configured
        /// A configure was acked.
        case acked
        /// Pixels are shown.
        case mapped
    }

    let resource: XdgSurface
    let base: WmBase
    private(set) weak var baseResource: XdgWmBase?
    private(set) weak var surface: Surface?
    private(set) weak var role: (any ShellRole)?
    /// Popups that stand on it, in the order in which they were made.
    private var popups: [Popup] = []
    /// Whether it has or had a role object. Between two of them it takes all requests, but no buffer.
    private var isConstructed = false
    private var stage = Stage.new {
        didSet {
            guard (oldValue == .mapped) != (stage == .mapped) else { return }
            base.shownCount += stage == .mapped ? 1 : -1
        }
    }
    /// Sent and not acked, oldest first.
    private var serials: [UInt32] = []
    /// Sent before the surface was last unmapped, and not acked, oldest first. The client may not know yet that they
    /// mean nothing any more: its acks are ignored.
    private var staleSerials: [UInt32] = []
    private var needsConfigure = false
    /// Whether a configure was acked since the last commit.
    private var isAckNew = false

    init(
        resource: XdgSurface,
        surface: Surface,
        base: WmBase,
        baseResource: XdgWmBase
    ) throws(ProtocolError) {
        self.resource = resource
        self.surface = surface
        self.base = base
        self.baseResource = baseResource
        guard !surface.hasBuffer else {
            throw ProtocolError(
                XdgWmBase.Error.invalidSurfaceState,
                "wl_surface@\(surface.resource.id) has a buffer already; make its xdg_surface before attaching one"
            )
        }
        try surface.attach(NoRole(self)) { ProtocolError(XdgWmBase.Error.role, $0) }
    }

    /// What counts as the window, in surface coordinates.
    var geometry: Rectangle {
        guard let surface else { return Rectangle(x: 0, y: 0, width: 0, height: 0) }
        let whole = surface.treeBounds
        guard let set = surface.current[Setting<WindowGeometry>.self].value else { return whole }
        let clipped = set.intersection(whole)
        return clipped.isEmpty ? whole : clipped
    }

    /// Whether the client says what that is.
    var hasGeometry: Bool { surface?.current[Setting<WindowGeometry>.self].value != nil }

    /// Where that is, in global coordinates; nil while it can't be seen.
    var windowOrigin: Point? { role?.windowOrigin }

    /// Whether pixels were attached or are shown already.
    var hasBuffer: Bool { surface?.hasBuffer ?? false }

    var isMapped: Bool { stage == .mapped }

    /// Whether it was asked for something that it hasn't committed yet.
    var isBehind: Bool { isMapped && (!serials.isEmpty || isAckNew || needsConfigure) }

    /// Sends a configure with the role's newest state, unless the first commit hasn't come yet, which brings one
    /// anyway.
    func configure() {
        guard stage != .new else { return }
        guard serials.count < base.limits.unackedConfigures else {
            needsConfigure = true
            return
        }
        needsConfigure = false
        let serial = base.nextSerial()
        serials.append(serial)
        role?.sendConfigure(serial: serial)
        resource.sendConfigure(serial: serial)
    }

    // MARK: Requests

    func destroy(_ resource: XdgSurface) throws(ProtocolError) {
        guard role == nil else {
            throw ProtocolError(
                XdgSurface.Error.defunctRoleObject,
                "xdg_surface@\(resource.id) was destroyed before its xdg_toplevel or xdg_popup"
            )
        }
    }

    func destroyed(_ resource: XdgSurface) {
        base.shellSurfaceDestroyed()
        unmap()
        role = nil
        surface?.detachRole()
        surface = nil
    }

    func getToplevel(_ resource: XdgSurface, id: XdgToplevel) throws(ProtocolError) {
        let toplevel = Toplevel(resource: id, shell: self, windows: base.windows, limits: base.limits)
        try take(toplevel, .toplevel)
        id.handler = toplevel
    }

    func getPopup(
        _ resource: XdgSurface,
        id: XdgPopup,
        parent: XdgSurface?,
        positioner: XdgPositioner
    ) throws(ProtocolError) {
        let rules = try PopupRules(of: positioner, for: self)
        let below = parent?.handler as? ShellSurface
        if let parent { try checkPopupParent(below, parent) }
        let popup = Popup(resource: id, shell: self, parent: below, rules: rules, popups: base.popups)
        try take(popup, .popup)
        id.handler = popup
        below?.popups.append(popup)
    }

    /// Looks at what a popup is to stand on: something that has a role, and doesn't stand on the popup itself.
    private func checkPopupParent(_ below: ShellSurface?, _ parent: XdgSurface) throws(ProtocolError) {
        let bad = { [baseResource] in ProtocolError(XdgWmBase.Error.invalidPopupParent, $0, on: baseResource) }
        var (next, depth) = (below, 1)
        while let surface = next {
            guard surface !== self else {
                throw bad("xdg_surface@\(resource.id) can't be its own popup's parent, or its parent's")
            }
            depth += 1
            next = (surface.role as? Popup)?.parent
        }
        guard below?.role != nil else {
            throw bad("xdg_surface@\(parent.id) has no xdg_toplevel or xdg_popup that a popup could stand on")
        }
        guard (below?.popups.count ?? 0) < base.limits.popups else {
            throw .noMemory("xdg_surface@\(parent.id) has \(base.limits.popups) popups, and can't have more")
        }
        guard depth <= base.limits.popupDepth else {
            throw .noMemory("popups stand on one another \(base.limits.popupDepth) times here, and no more")
        }
    }

    // MARK: Popups

    var hasPopups: Bool { !popups.isEmpty }

    func removePopup(_ popup: Popup) { popups.removeAll { $0 === popup } }

    /// What they stand on is elsewhere.
    func popupsFollow() { for popup in popups { popup.updateOffset() } }

    /// Those that stand on it, directly or not, the last first.
    var popupsAbove: [Popup] { popups.reversed().flatMap { ($0.shell?.popupsAbove ?? []) + [$0] } }

    /// They are over.
    func dismissPopups() {
        if !popups.isEmpty { base.popups.dismiss(popupsAbove) }
    }

    private func take(_ role: any ShellRole, _ kind: SurfaceRoleKind) throws(ProtocolError) {
        guard self.role == nil else {
            throw ProtocolError(
                XdgSurface.Error.alreadyConstructed,
                "xdg_surface@\(resource.id) has a role object already"
            )
        }
        let base = baseResource
        try surface?.setRoleKind(kind) { ProtocolError(XdgWmBase.Error.role, $0, on: base) }
        surface?.exchangeRole(for: role)
        self.role = role
        isConstructed = true
        if self.base.settings.isLenientWithNewWindows {
            stage = .acked
            configure()
        }
    }

    /// The role's object was destroyed.
    func roleDestroyed() {
        unmap()
        role = nil
        surface?.exchangeRole(for: NoRole(self))
    }

    func setWindowGeometry(
        _ resource: XdgSurface,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        try checkConstructed()
        guard width > 0, height > 0 else {
            throw ProtocolError(
                XdgSurface.Error.invalidSize,
                "a window geometry is 1x1 or more, not \(width)x\(height)"
            )
        }
        let rectangle = Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
        surface?.pending[Setting<WindowGeometry>.self].value = rectangle
    }

    func ackConfigure(_ resource: XdgSurface, serial: UInt32) throws(ProtocolError) {
        try checkConstructed()
        if let index = staleSerials.firstIndex(of: serial) {
            staleSerials.removeSubrange(...index)
            return
        }
        guard let index = serials.firstIndex(of: serial) else {
            throw ProtocolError(
                XdgSurface.Error.invalidSerial,
                "serial \(serial) belongs to no configure of xdg_surface@\(resource.id) that waits for its ack"
            )
        }
        serials.removeSubrange(...index)
        staleSerials = []
        isAckNew = true
        if stage == .configured { stage = .acked }
        role?.didAck(serial: serial)
        if needsConfigure { configure() }
    }

    private func checkConstructed() throws(ProtocolError) {
        guard isConstructed else {
            throw ProtocolError(
                XdgSurface.Error.notConstructed,
                "xdg_surface@\(resource.id) has no role yet; use get_toplevel or get_popup first"
            )
        }
    }

    // MARK: For the role

    /// Looks at what is about to be committed.
    func willCommit(_ surface: Surface) throws(ProtocolError) {
        if case .buffer = surface.pending.attachment { try checkConfigured() }
        guard isConstructed else {
            throw ProtocolError(
                XdgSurface.Error.notConstructed,
                "xdg_surface@\(resource.id) has no role yet; use get_toplevel or get_popup before committing",
                on: resource
            )
        }
    }

    /// Whether it may have a buffer.
    func checkConfigured() throws(ProtocolError) {
        guard stage == .new || stage == .configured else { return }
        throw ProtocolError(
            XdgSurface.Error.unconfiguredBuffer,
            "xdg_surface@\(resource.id) got a buffer before its first configure was acked; commit without one first, "
                + "and wait",
            on: resource
        )
    }

    /// A commit took effect. Whether there is something to show now.
    func didCommit(_ surface: Surface) -> Bool {
        let hasContent = surface.current.content != nil
        isAckNew = false
        switch stage {
        case .new where role == nil: break
        case .new:
            stage = .configured
            configure()
        case .configured: break
        case .acked where hasContent: stage = .mapped
        case .acked: break
        case .mapped where hasContent: break
        case .mapped: unmap()
        }
        return stage == .mapped
    }

    func surfaceDestroyed() {
        unmap()
        surface = nil
    }

    private func unmap() {
        let wasMapped = stage == .mapped
        stage = base.settings.isLenientWithNewWindows && role != nil ? .acked : .new
        staleSerials = (staleSerials + serials).suffix(base.limits.unackedConfigures)
        serials = []
        dismissPopups()
        if wasMapped { role?.didUnmap() }
    }
}
