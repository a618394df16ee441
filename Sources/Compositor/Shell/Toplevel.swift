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

/// `xdg_toplevel`: a window.
final class Toplevel: XdgToplevel.Requests, ShellRole, SceneNode {
    /// What the compositor tells a window about its state.
    struct Configuration: Equatable {
        /// The size that it should take, in window geometry coordinates; nil leaves it to the client.
        var size: Size?
        var isMaximized = false
        var isFullscreen = false
        var isActivated = false
        /// Whether the title bar is Signet's to draw.
        var isDecorated = false

        /// How much of the frame is title bar, in units of the scene's coordinates.
        var titleBarHeight: Int { isDecorated && !isFullscreen ? TitleBar.height : 0 }
    }

    let resource: XdgToplevel
    private let shell: ShellSurface
    private let windows: WindowManager
    private let limits: Limits
    private(set) var title = ""
    private(set) var appID = ""
    /// For both.
    private var textCharge: Charge?
    private(set) weak var parent: Toplevel?
    /// What the window should be like.
    private(set) var wanted = Configuration()
    /// What it has accepted to be like.
    private(set) var accepted = Configuration() {
        didSet { if accepted.titleBarHeight != oldValue.titleBarHeight { windows.redraw(titleBar, of: self) } }
    }
    private var sent: [(serial: UInt32, configuration: Configuration)] = []
    /// The top left corner of the frame, in global coordinates.
    private(set) var position = Point(x: 0, y: 0)
    /// The client's object for who draws the title bar; nil where it asked for none.
    private(set) weak var decoration: ZxdgToplevelDecorationV1?
    private let titleBar = TitleBar()
    /// The output that a fullscreen window asked for.
    private(set) weak var chosenOutput: Output?

    init(resource: XdgToplevel, shell: ShellSurface, windows: WindowManager, limits: Limits) {
        self.resource = resource
        self.shell = shell
        self.windows = windows
        self.limits = limits
    }

    /// The window with its title bar, in global coordinates.
    var frame: Rectangle {
        let size = shell.geometry.size
        return Rectangle(origin: position, size: Size(width: size.width, height: size.height + titleBarHeight))
    }

    private var titleBarHeight: Int { accepted.titleBarHeight }

    var isMapped: Bool { shell.isMapped }

    func place(at position: Point) {
        self.position = position
    }

    /// Changes what the window should be like, and tells the client if that is new.
    func configure(_ change: (inout Configuration) -> Void) {
        let before = wanted
        change(&wanted)
        if wanted == before { return }
        shell.configure()
        if titleBarHeight > 0 { windows.redraw(titleBar, of: self) }
    }

    /// Takes over who draws the title bar, as its client wishes; `decoration` is nil once it has no wish any more.
    func setDecoration(_ decoration: ZxdgToplevelDecorationV1?, isDecorated: Bool) {
        self.decoration = decoration
        wanted.isDecorated = isDecorated
        updateSize()
        if decoration == nil {
            // Also in what the client hasn't acked yet: nothing brings the bar back.
            for index in sent.indices { sent[index].configuration.isDecorated = false }
            accepted.isDecorated = false
        }
        shell.configure()
        windows.didCommit(self)
    }

    /// Whether pixels were attached or are shown already.
    var hasBuffer: Bool { shell.hasBuffer }

    // MARK: SceneNode

    var items: [PlacedItem] {
        guard let surface = shell.surface else { return [] }
        let geometry = shell.geometry
        let corner = Point(x: position.x - geometry.x, y: position.y + titleBarHeight - geometry.y)
        let tree = surface.tree(at: corner)
        guard titleBarHeight > 0, !tree.isEmpty else { return tree }
        let bar = titleBar.items(
            title,
            at: position,
            width: geometry.width,
            isActive: wanted.isActivated,
            scale: windows.scale,
            typefaces: windows.typefaces,
            account: resource.client.account
        )
        return bar + tree
    }

    // MARK: ShellRole

    func willCommit(_ surface: Surface) throws(ProtocolError) {
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

    func sendConfigure(serial: UInt32) {
        decoration?.sendConfigure(mode: wanted.isDecorated ? .serverSide : .clientSide)
        var states: [XdgToplevel.State] = []
        if wanted.isMaximized { states.append(.maximized) }
        if wanted.isFullscreen { states.append(.fullscreen) }
        if wanted.isActivated { states.append(.activated) }
        resource.sendConfigure(
            width: Int32(wanted.size?.width ?? 0),
            height: Int32(wanted.size?.height ?? 0),
            states: WireArray(of: states.map(\.rawValue))
        )
        sent.append((serial, wanted))
    }

    func didAck(serial: UInt32) {
        guard let index = sent.firstIndex(where: { $0.serial == serial }) else { return }
        accepted = sent[index].configuration
        sent.removeSubrange(...index)
    }

    func contentMoved(by offset: Point) {
        windows.move(self, to: Point(x: position.x + offset.x, y: position.y + offset.y))
    }

    func didCommit(isMapped: Bool) {
        windows.didCommit(self)
    }

    func didUnmap() {
        sent = []
        wanted = Configuration(isDecorated: wanted.isDecorated)
        windows.didUnmap(self)
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
    }

    func destroyed(_ resource: XdgToplevel) {
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
        self.parent = new
    }

    func setTitle(_ resource: XdgToplevel, title: String) throws(ProtocolError) {
        let new = title.truncated(toBytes: limits.titleBytes)
        try chargeText(new.utf8.count + appID.utf8.count)
        self.title = new
        if titleBarHeight > 0 { windows.redraw(titleBar, of: self) }
    }

    func setAppId(_ resource: XdgToplevel, appId: String) throws(ProtocolError) {
        let new = appId.truncated(toBytes: limits.titleBytes)
        try chargeText(title.utf8.count + new.utf8.count)
        appID = new
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
    ) throws(ProtocolError) {}

    // Without input there are no serials of a press, so a move or a resize can't be valid.
    func move(_ resource: XdgToplevel, seat: WlSeat, serial: UInt32) throws(ProtocolError) {}

    func resize(
        _ resource: XdgToplevel,
        seat: WlSeat,
        serial: UInt32,
        edges: XdgToplevel.ResizeEdge
    ) throws(ProtocolError) {
        if case .unrecognized(let value) = edges {
            throw ProtocolError(XdgToplevel.Error.invalidResizeEdge, "\(value) is no xdg_toplevel.resize_edge")
        }
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
        fill { $0.isMaximized = true }
    }

    func unsetMaximized(_ resource: XdgToplevel) throws(ProtocolError) {
        fill { $0.isMaximized = false }
    }

    func setFullscreen(_ resource: XdgToplevel, output: WlOutput?) throws(ProtocolError) {
        chosenOutput = (output?.handler as? OutputGlobal)?.output
        fill { $0.isFullscreen = true }
    }

    func unsetFullscreen(_ resource: XdgToplevel) throws(ProtocolError) {
        chosenOutput = nil
        fill { $0.isFullscreen = false }
    }

    func setMinimized(_ resource: XdgToplevel) throws(ProtocolError) {
        // There is nobody to bring a window back.
    }

    /// Each of these requests is answered with a configure, also where nothing changes.
    private func fill(_ change: (inout Configuration) -> Void) {
        change(&wanted)
        updateSize()
        shell.configure()
    }

    /// What there is to fill may have changed.
    func outputsChanged() {
        let size = wanted.size
        updateSize()
        if wanted.size != size { shell.configure() }
    }

    /// A window that fills the output leaves room for its title bar, if there is any: 0 would mean that the client
    /// chooses, and less than that nothing.
    private func updateSize() {
        let bounds = wanted.isMaximized || wanted.isFullscreen ? windows.bounds(for: self) : nil
        wanted.size = bounds.map { Size(width: $0.width, height: max(1, $0.height - wanted.titleBarHeight)) }
    }
}

extension String {
    /// At most this many bytes of it, without cutting a character apart.
    fileprivate func truncated(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var result = ""
        for character in self {
            if result.utf8.count + String(character).utf8.count > limit { break }
            result.append(character)
        }
        return result
    }
}
