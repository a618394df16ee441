internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// A window's smallest and largest size, in window geometry coordinates; 0 is no bound.
struct SizeBounds: SurfaceStatePart {
    var minimum: Size?
    var maximum: Size?

    mutating func apply(_ newer: SizeBounds) {
        if let new = newer.minimum { minimum = new }
        if let new = newer.maximum { maximum = new }
    }
}

/// `xdg_toplevel`: the protocol's side of a ``Window``.
final class Toplevel: XdgToplevel.Requests, ShellRole, WindowClient {
    let resource: XdgToplevel
    private let shell: ShellSurface
    private let limits: Limits
    /// For the title and the application's id.
    private var textCharge: Charge?
    private(set) weak var parent: Toplevel?
    /// Those whose parent it is.
    private var children = OrderedDictionary<ObjectIdentifier, Toplevel>()
    /// How large a window can be here, as the client was told last.
    private var sentBounds: Size?
    private var wasToldCapabilities = false
    private var sent: [(serial: UInt32, configuration: Window.Configuration)] = []
    /// The client's object for who draws the title bar; nil where it asked for none.
    private(set) weak var decoration: ZxdgToplevelDecorationV1?
    private let windows: WindowManager
    /// What the window manager deals with.
    private(set) lazy var window = Window(of: self, account: resource.client.account, manager: windows)

    init(resource: XdgToplevel, shell: ShellSurface, windows: WindowManager, limits: Limits) {
        self.resource = resource
        self.shell = shell
        self.limits = limits
        self.windows = windows
    }

    var node: (any SceneNode)? { window }

    /// Takes over who draws the title bar, as its client wishes; `decoration` is nil once it has no wish any more.
    func setDecoration(_ decoration: ZxdgToplevelDecorationV1?, isDecorated: Bool) {
        self.decoration = decoration
        if decoration == nil {
            // Also in what the client hasn't acked yet: nothing brings the bar back.
            for index in sent.indices { sent[index].configuration.isDecorated = false }
        }
        window.setDecorated(isDecorated, forGood: decoration == nil)
    }

    /// Whether pixels were attached or are shown already.
    var hasBuffer: Bool { shell.hasBuffer }

    // MARK: WindowClient

    var geometry: Rectangle { shell.geometry }

    var hasGeometry: Bool { shell.hasGeometry }

    func items(at corner: Point) -> [PlacedItem] { shell.surface?.tree(at: corner) ?? [] }

    var keyboardFocus: Drawable? { shell.surface }

    var sizeLimits: (least: Size, most: Size) {
        let bounds = shell.surface?.current[SizeBounds.self] ?? SizeBounds()
        func limit(_ value: Int?) -> Int { value.flatMap { $0 > 0 ? $0 : nil } ?? Int(Int32.max) }
        return (
            Size(width: max(1, bounds.minimum?.width ?? 1), height: max(1, bounds.minimum?.height ?? 1)),
            Size(width: limit(bounds.maximum?.width), height: limit(bounds.maximum?.height))
        )
    }

    func configure() { shell.configure() }

    var isAnswering: Bool { shell.base.pings.isAnswering }

    func checkAnswers() { shell.base.pings.ask() }

    var isBehind: Bool { shell.isBehind }

    var childWindows: [Window] {
        var (found, next): ([Window], [Toplevel]) = ([], children.values.map { $0 })
        // Those of windows that aren't mapped count as the parent's.
        while let toplevel = next.popLast() {
            if toplevel.shell.isMapped { found.append(toplevel.window) } else { next += toplevel.children.values }
        }
        return found
    }

    func close() {
        // Who has stopped answering won't do it.
        guard isAnswering else {
            let seconds = Pings.patience / 1_000_000_000
            let message = "a window was closed whose client hasn't answered a ping for \(seconds) seconds"
            return resource.client.end(with: .implementation(message))
        }
        resource.sendClose()
        checkAnswers()
    }

    var knowsLargestSize: Bool { sentBounds.map { $0 == window.largestSize ?? Size(width: 0, height: 0) } ?? true }

    func willHide() { shell.dismissPopups() }

    var parentWindow: Window? {
        var (next, depth) = (parent, 0)
        while let toplevel = next, depth < limits.popupDepth {
            if toplevel.shell.isMapped { return toplevel.window }
            (next, depth) = (toplevel.parent, depth + 1)
        }
        return nil
    }

    // MARK: ShellRole

    func willCommit(_ surface: Surface) throws(ProtocolError) {
        try shell.willCommit(surface)
        if case .removed = surface.pending.attachment, shell.isMapped { windows.willTakeAway() }
        var bounds = surface.newest[SizeBounds.self]
        bounds.apply(surface.pending[SizeBounds.self])
        guard let minimum = bounds.minimum, let maximum = bounds.maximum else { return }
        let fits =
            (maximum.width == 0 || minimum.width <= maximum.width)
            && (maximum.height == 0 || minimum.height <= maximum.height)
        guard fits else {
            throw ProtocolError(
                XdgToplevel.Error.invalidSize,
                "the smallest size \(minimum.width)x\(minimum.height) is larger than the largest, "
                    + "\(maximum.width)x\(maximum.height)",
                on: resource
            )
        }
    }

    var windowOrigin: Point? { window.isShown ? window.geometryOrigin : nil }

    func sendConfigure(serial: UInt32) {
        let wanted = window.wanted
        sendAdvice()
        decoration?.sendConfigure(mode: wanted.isDecorated ? .serverSide : .clientSide)
        var states: [XdgToplevel.State] = []
        if wanted.isMaximized { states.append(.maximized) }
        if wanted.isFullscreen { states.append(.fullscreen) }
        if wanted.isActivated { states.append(.activated) }
        if wanted.isResizing { states.append(.resizing) }
        var numbers = states.map(\.rawValue)
        if wanted.isSuspended, resource.version >= 6 { numbers.append(Self.suspended) }
        resource.sendConfigure(
            width: Int32(wanted.size?.width ?? 0),
            height: Int32(wanted.size?.height ?? 0),
            states: WireArray(of: numbers)
        )
        sent.append((serial, wanted))
    }

    /// The state that came with version 6, without a message.
    private static let suspended: UInt32 = 9

    /// Tells what can be done with windows here, once, and how large they can be, when that is new.
    private func sendAdvice() {
        if !wasToldCapabilities, resource.version >= 5 {
            let all: [XdgToplevel.WmCapabilities] = [.windowMenu, .maximize, .fullscreen, .minimize]
            resource.sendWmCapabilities(capabilities: WireArray(of: all.map(\.rawValue)))
            wasToldCapabilities = true
        }
        let bounds = window.largestSize ?? Size(width: 0, height: 0)
        guard bounds != sentBounds, resource.version >= 4 else { return }
        sentBounds = bounds
        resource.sendConfigureBounds(width: Int32(clamping: bounds.width), height: Int32(clamping: bounds.height))
    }

    func didAck(serial: UInt32) {
        guard let index = sent.firstIndex(where: { $0.serial == serial }) else { return }
        window.accept(sent[index].configuration)
        sent.removeSubrange(...index)
    }

    func contentMoved(by offset: Point) {
        if shell.isMapped { window.contentMoved(by: offset) }
    }

    func didCommit(_ surface: Surface) {
        if shell.didCommit(surface) { window.didCommit() }
    }

    func surfaceDestroyed(_ surface: Surface) { shell.surfaceDestroyed() }

    func didUnmap() {
        sent = []
        window.didUnmap()
    }

    // MARK: Requests

    func destroy(_ resource: XdgToplevel) throws(ProtocolError) {
        guard decoration == nil else {
            throw ProtocolError(
                ZxdgToplevelDecorationV1.Error.orphaned,
                "xdg_toplevel@\(resource.id) was destroyed before its zxdg_toplevel_decoration_v1",
                on: decoration
            )
        }
        if shell.isMapped { windows.willTakeAway() }
    }

    func destroyed(_ resource: XdgToplevel) {
        for child in children.values { child.exchangeParent(for: parent) }
        exchangeParent(for: nil)
        shell.roleDestroyed()
    }

    func setParent(_ resource: XdgToplevel, parent: XdgToplevel?) throws(ProtocolError) {
        let new = parent?.handler as? Toplevel
        // Windows only ever get parents that don't lead back, so this ends.
        var ancestor = new
        while let window = ancestor {
            guard window !== self else {
                throw ProtocolError(
                    XdgToplevel.Error.invalidParent,
                    "xdg_toplevel@\(resource.id) can't have itself or one of its descendants for a parent"
                )
            }
            ancestor = window.parent
        }
        exchangeParent(for: new)
        windows.parentChanged(of: window)
    }

    private func exchangeParent(for new: Toplevel?) {
        parent?.children[ObjectIdentifier(self)] = nil
        parent = new
        new?.children[ObjectIdentifier(self)] = self
    }

    func setTitle(_ resource: XdgToplevel, title: String) throws(ProtocolError) {
        let new = title.truncated(toBytes: limits.titleBytes)
        try chargeText(new.utf8.count + window.applicationID.utf8.count)
        window.title = new
    }

    func setAppId(_ resource: XdgToplevel, appId: String) throws(ProtocolError) {
        let new = appId.truncated(toBytes: limits.titleBytes)
        try chargeText(window.title.utf8.count + new.utf8.count)
        window.applicationID = new
    }

    private func chargeText(_ bytes: Int) throws(ProtocolError) {
        try resource.client.account.change(&textCharge, to: bytes, of: .textBytes)
    }

    func showWindowMenu(
        _ resource: XdgToplevel,
        seat: WlSeat,
        serial: UInt32,
        x: Int32,
        y: Int32
    ) throws(ProtocolError) {
        guard shell.isMapped, base.seat.wasPress(serial, of: resource.client) else { return }
        let place = window.surfaceOrigin.translated(by: Point(x: Int(x), y: Int(y)))
        windows.showMenu(for: window, at: place, account: resource.client.account)
    }

    func move(_ resource: XdgToplevel, seat: WlSeat, serial: UInt32) throws(ProtocolError) {
        guard shell.isMapped, !window.isFilling else { return }
        base.seat.drag(serial, of: resource.client) { [window, windows] in MoveGrab(window, windows, from: $0) }
    }

    private var base: PopupManager { shell.base.popups }

    func resize(
        _ resource: XdgToplevel,
        seat: WlSeat,
        serial: UInt32,
        edges: XdgToplevel.ResizeEdge
    ) throws(ProtocolError) {
        if case .unrecognized(let value) = edges {
            throw ProtocolError(XdgToplevel.Error.invalidResizeEdge, "\(value) is no xdg_toplevel.resize_edge")
        }
        guard shell.isMapped, !window.isFilling, let edges = WindowEdges(edges) else { return }
        base.seat.drag(serial, of: resource.client) { [window] in ResizeGrab(window, edges, from: $0) }
    }

    func setMaxSize(_ resource: XdgToplevel, width: Int32, height: Int32) throws(ProtocolError) {
        shell.surface?.pending[SizeBounds.self].maximum = try bound(width, height)
    }

    func setMinSize(_ resource: XdgToplevel, width: Int32, height: Int32) throws(ProtocolError) {
        shell.surface?.pending[SizeBounds.self].minimum = try bound(width, height)
    }

    private func bound(_ width: Int32, _ height: Int32) throws(ProtocolError) -> Size {
        guard width >= 0, height >= 0 else {
            throw ProtocolError(
                XdgToplevel.Error.invalidSize,
                "a window's smallest and largest sizes aren't negative as \(width)x\(height) is"
            )
        }
        return Size(width: Int(width), height: Int(height))
    }

    func setMaximized(_ resource: XdgToplevel) throws(ProtocolError) {
        window.fill { $0.isMaximized = true }
    }

    func unsetMaximized(_ resource: XdgToplevel) throws(ProtocolError) {
        window.fill { $0.isMaximized = false }
    }

    func setFullscreen(_ resource: XdgToplevel, output: WlOutput?) throws(ProtocolError) {
        window.fill(on: .some((output?.handler as? OutputGlobal)?.output)) { $0.isFullscreen = true }
    }

    func unsetFullscreen(_ resource: XdgToplevel) throws(ProtocolError) {
        window.fill(on: .some(nil)) { $0.isFullscreen = false }
    }

    func setMinimized(_ resource: XdgToplevel) throws(ProtocolError) { windows.minimize(window) }
}

extension WindowEdges {
    /// Nil for none.
    fileprivate init?(_ edges: XdgToplevel.ResizeEdge) {
        switch edges {
        case .none, .unrecognized: return nil
        case .top: self = .top
        case .bottom: self = .bottom
        case .left: self = .left
        case .topLeft: self = [.top, .left]
        case .bottomLeft: self = [.bottom, .left]
        case .right: self = .right
        case .topRight: self = [.top, .right]
        case .bottomRight: self = [.bottom, .right]
        }
    }
}
