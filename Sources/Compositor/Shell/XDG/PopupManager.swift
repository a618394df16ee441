internal import Pixels
internal import WaylandServer

/// What popups need of the rest: the scene, room, and the seat's input.
final class PopupManager {
    private let scene: Scene
    private let layout: OutputLayout
    private let windows: WindowManager
    let seat: Seat
    /// The menus that have the input.
    private var grab: PopupGrab?
    /// Those that are shown, in the order in which they appeared.
    private var shown = OrderedDictionary<ObjectIdentifier, Popup>()
    /// What the scene was like when they were last asked whether they should be elsewhere.
    private var seenVersion: UInt64 = 0
    /// Where the outputs were.
    private var seenBounds: [Rectangle] = []

    init(scene: Scene, layout: OutputLayout, windows: WindowManager, seat: Seat) {
        self.scene = scene
        self.layout = layout
        self.windows = windows
        self.seat = seat
    }

    /// Where a popup can be, in global coordinates, that belongs to a place: the output there, or its window's.
    func bounds(around place: Point, of root: ShellSurface?) -> Rectangle? {
        if let output = layout.outputs.first(where: { $0.bounds.contains(place) }) { return output.bounds }
        return (root?.surface?.node as? Window).flatMap { windows.bounds(for: $0) } ?? layout.primary?.bounds
    }

    func show(_ popup: Popup) {
        shown[ObjectIdentifier(popup)] = popup
        scene.insert(popup)
    }

    func hide(_ popup: Popup) {
        guard shown[ObjectIdentifier(popup)] != nil else { return }
        shown[ObjectIdentifier(popup)] = nil
        scene.remove(popup)
        // While its surface can still be told that the pointer has left it.
        seat.sceneChanged()
    }

    /// They are over, each before what it stands on.
    func dismiss(_ popups: [Popup]) {
        let shown = popups.filter(\.isShown)
        let dismissed = popups.filter { $0.beginDismissal() }
        for popup in shown { self.shown[ObjectIdentifier(popup)] = nil }
        scene.remove(shown)
        for popup in dismissed { popup.endDismissal() }
        if !shown.isEmpty { seat.sceneChanged() }
    }

    func moved(_ popup: Popup) { scene.setNeedsLayout(popup) }

    /// Once a frame: what stands elsewhere now may want to be placed anew.
    func update() {
        guard !shown.isEmpty, scene.layoutVersion != seenVersion else { return }
        seenVersion = scene.layoutVersion
        let bounds = layout.outputs.map(\.bounds)
        let haveOutputsChanged = bounds != seenBounds
        seenBounds = bounds
        for popup in shown.values { popup.roomChanged(haveOutputsChanged: haveOutputsChanged) }
    }

    // MARK: Grabs

    /// Whether a popup is the last of those that have the input.
    func isTop(_ popup: Popup) -> Bool { grab?.top === popup }

    /// Has a popup be the last of those that have the input; nil where its client isn't to have that, as the serial
    /// isn't of anything that was pressed.
    func grab(for popup: Popup, on parent: ShellSurface?, serial: UInt32, of client: Client) -> PopupGrab? {
        let isNested = (parent?.role as? Popup).map(isTop) ?? false
        if let grab, isNested {
            grab.add(popup)
            return grab
        }
        // Nor beside a menu of our own.
        guard seat.wasPress(serial, of: client), windows.menu == nil else { return nil }
        // One that somebody else has, or that began elsewhere.
        grab?.dismiss()
        let new = PopupGrab(client: client, serial: serial, seat: seat, manager: self)
        grab = new
        new.add(popup)
        seat.begin(new)
        return new
    }

    fileprivate func ended(_ grab: PopupGrab) {
        if self.grab === grab { self.grab = nil }
    }
}

/// The seat's input for a chain of menus.
final class PopupGrab: InputGrab {
    let client: Client?
    /// Of what was pressed for it.
    private let serial: UInt32
    private let seat: Seat
    private unowned let manager: PopupManager
    /// Each stands on the one before.
    private var popups: [Popup] = []

    fileprivate init(client: Client, serial: UInt32, seat: Seat, manager: PopupManager) {
        self.client = client
        self.serial = serial
        self.seat = seat
        self.manager = manager
    }

    fileprivate var top: Popup? { popups.last }

    fileprivate func add(_ popup: Popup) { popups.append(popup) }

    var keyboardFocus: Drawable? { popups.last { $0.isShown }?.surface }

    func dismiss() {
        // A client that closes a menu by itself may open another one for the same press, as menu bars do. One whose
        // menu is dismissed has to wait for the next.
        seat.use(serial)
        popups.first?.dismiss()
    }

    /// One is gone; those above it go first.
    func remove(_ popup: Popup) {
        popups.removeAll { $0 === popup }
        if popups.isEmpty { manager.ended(self) }
        seat.grabChanged(self, isOver: popups.isEmpty)
    }

    /// One appeared.
    func focusChanged() { seat.grabChanged(self, isOver: false) }
}
