internal import Pixels
internal import WaylandServer

/// `xdg_popup`: a menu or the like, which stands on its parent and goes where that goes.
///
/// It can be dismissed at any time: then it is gone from the screen, with all that stand on it, and its client has only
/// to destroy it.
final class Popup: XdgPopup.Requests, ShellRole, SceneNode {
    private enum Stage {
        /// It may appear.
        case new
        case shown
        /// Its client has been told that it is over.
        case dismissed
    }

    private let resource: XdgPopup
    private(set) weak var shell: ShellSurface?
    private(set) weak var parent: ShellSurface?
    /// What it stands on, at the bottom.
    private weak var root: ShellSurface?
    /// Where that was when it was last asked whether it should be elsewhere.
    private var seenRoot: Point?
    private let hasParent: Bool
    private let popups: PopupManager
    private var rules: PopupRules
    private var stage = Stage.new
    /// Where its window geometry is, in the parent's: as the client was told, as it has accepted, and as it is shown.
    private var sent: [(serial: UInt32, place: Rectangle)] = []
    private var wanted: Rectangle
    private var accepted: Rectangle
    private(set) var place: Rectangle
    /// From where the window geometry of what it stands on at the bottom begins to where its own does.
    private var offset = Point(x: 0, y: 0)
    /// Is told with the next configure.
    private var token: UInt32?
    /// Of the chain of menus that have the input; nil where it isn't one of them.
    private var grab: PopupGrab?

    init(
        resource: XdgPopup,
        shell: ShellSurface,
        parent: ShellSurface?,
        rules: PopupRules,
        popups: PopupManager
    ) {
        self.resource = resource
        self.shell = shell
        self.parent = parent
        hasParent = parent != nil
        root = (parent?.role as? Popup).map(\.root) ?? parent
        self.rules = rules
        self.popups = popups
        place = rules.place(in: nil)
        (wanted, accepted) = (place, place)
    }

    /// Whether it is to be seen.
    var isShown: Bool { stage == .shown }

    /// Where its keys go.
    var surface: Surface? { shell?.surface }

    // MARK: Place

    /// In global coordinates; nil while it can't be seen. What it stands on is shown as long as it is.
    var windowOrigin: Point? { isShown ? root?.windowOrigin.map { offset.translated(by: $0) } : nil }

    /// It is elsewhere, or what it stands on.
    func updateOffset() {
        offset = (parent?.role as? Popup).map { place.origin.translated(by: $0.offset) } ?? place.origin
        shell?.popupsFollow()
    }

    /// Where what it stands on begins, in global coordinates; nil while that can't be seen. `place` is where that
    /// begins which is at the bottom.
    private func parentOrigin(root place: Point?) -> Point? {
        isShown ? place?.translated(by: offset).translated(by: self.place.origin.negated) : parent?.windowOrigin
    }

    /// Where it is to go now.
    private func solve(root place: Point?) -> Rectangle {
        guard let origin = parentOrigin(root: place) else { return rules.place(in: nil) }
        let anchor = rules.anchorRectangle?.origin.translated(by: origin) ?? origin
        let bounds = popups.bounds(around: anchor, of: root)
        return rules.place(in: bounds?.translated(by: origin.negated))
    }

    /// Something moved, or the outputs are others: there may be room elsewhere.
    func roomChanged(haveOutputsChanged: Bool) {
        guard rules.isReactive, stage != .dismissed, let place = root?.windowOrigin else { return }
        if place == seenRoot, !haveOutputsChanged { return }
        seenRoot = place
        if solve(root: place) != wanted { shell?.configure() }
    }

    // MARK: SceneNode

    var items: [PlacedItem] {
        guard let origin = windowOrigin, let shell, let surface else { return [] }
        return surface.tree(at: origin.translated(by: shell.geometry.origin.negated))
    }

    var base: (any SceneNode)? { parent?.surface?.node }

    // MARK: ShellRole

    var node: (any SceneNode)? { self }

    func willCommit(_ surface: Surface) throws(ProtocolError) {
        try shell?.willCommit(surface)
        // Another protocol may give it a parent until then; none here does.
        guard hasParent else {
            throw ProtocolError(
                XdgWmBase.Error.invalidPopupParent,
                "xdg_popup@\(resource.id) was made with a null parent, and committed before it got one",
                on: shell?.baseResource
            )
        }
    }

    func sendConfigure(serial: UInt32) {
        // Who has been dismissed hears of nothing else.
        if stage == .dismissed { return }
        if parent == nil { return dismiss() }
        wanted = solve(root: root?.windowOrigin)
        if let token {
            resource.sendRepositioned(token: token)
            self.token = nil
        }
        resource.sendConfigure(
            x: Int32(clamping: wanted.x),
            y: Int32(clamping: wanted.y),
            width: Int32(clamping: wanted.width),
            height: Int32(clamping: wanted.height)
        )
        sent.append((serial, wanted))
    }

    func didAck(serial: UInt32) {
        guard let index = sent.firstIndex(where: { $0.serial == serial }) else { return }
        accepted = sent[index].place
        sent.removeSubrange(...index)
    }

    func didCommit(_ surface: Surface) {
        guard let shell, shell.didCommit(surface), stage != .dismissed else { return }
        let hasMoved = place != accepted
        place = accepted
        if hasMoved || !isShown { updateOffset() }
        if isShown {
            if hasMoved { popups.moved(self) }
            return
        }
        guard parent?.windowOrigin != nil else { return dismiss() }
        stage = .shown
        popups.show(self)
        grab?.focusChanged()
    }

    func surfaceDestroyed(_ surface: Surface) { shell?.surfaceDestroyed() }

    /// It shows nothing any more: it may appear again, unless it was dismissed.
    func didUnmap() {
        sent = []
        hide()
        if stage == .shown { stage = .new }
    }

    private func hide() {
        if isShown { popups.hide(self) }
        grab?.remove(self)
        grab = nil
    }

    /// It is over, and so are those that stand on it.
    func dismiss() { popups.dismiss((shell?.popupsAbove ?? []) + [self]) }

    /// It isn't to be seen any more; false where that was so.
    func beginDismissal() -> Bool {
        guard stage != .dismissed else { return false }
        stage = .dismissed
        return true
    }

    /// Its client hears so.
    func endDismissal() {
        grab?.remove(self)
        grab = nil
        resource.sendPopupDone()
    }

    // MARK: Requests

    func grab(_ resource: XdgPopup, seat: WlSeat, serial: UInt32) throws(ProtocolError) {
        guard stage != .shown else {
            throw ProtocolError(
                XdgPopup.Error.invalidGrab,
                "xdg_popup@\(resource.id) is shown already; grab before its first buffer is committed"
            )
        }
        guard stage == .new, grab == nil else { return }
        // Only the topmost of them can have another one.
        if let below = parent?.role as? Popup, below.stage != .dismissed, !popups.isTop(below) {
            throw ProtocolError(
                XdgWmBase.Error.notTheTopmostPopup,
                "xdg_popup@\(resource.id) can't grab: its parent, xdg_popup@\(below.resource.id), isn't the topmost "
                    + "one with a grab",
                on: shell?.baseResource
            )
        }
        grab = popups.grab(for: self, on: parent, serial: serial, of: resource.client)
        // Nothing was pressed, or that was long ago.
        if grab == nil { dismiss() }
    }

    func reposition(_ resource: XdgPopup, positioner: XdgPositioner, token: UInt32) throws(ProtocolError) {
        rules = try PopupRules(of: positioner, for: shell)
        if stage == .dismissed { return }
        self.token = token
        shell?.configure()
    }

    func destroy(_ resource: XdgPopup) throws(ProtocolError) {
        guard shell?.hasPopups != true else {
            throw ProtocolError(
                XdgWmBase.Error.notTheTopmostPopup,
                "xdg_popup@\(resource.id) was destroyed before the popups that stand on it",
                on: shell?.baseResource
            )
        }
    }

    func destroyed(_ resource: XdgPopup) {
        shell?.dismissPopups()
        hide()
        _ = beginDismissal()
        parent?.removePopup(self)
        shell?.roleDestroyed()
    }
}

extension PopupRules {
    /// Those of a positioner, which has to be complete.
    init(of positioner: XdgPositioner, for shell: ShellSurface?) throws(ProtocolError) {
        guard let rules = (positioner.handler as? Positioner)?.rules, rules.isComplete else {
            throw ProtocolError(
                XdgWmBase.Error.invalidPositioner,
                "xdg_positioner@\(positioner.id) has no size or no anchor rectangle",
                on: shell?.baseResource
            )
        }
        self = rules
    }
}
