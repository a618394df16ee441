internal import WaylandServer

/// `xdg_wm_base`: turns surfaces into windows and popups.
final class WmBaseGlobal: Service {
    private unowned let display: Display
    private let windows: WindowManager
    private let popups: PopupManager
    private let clock: any Clock
    private let settings: Compositor.Settings
    private var bases = ResourcesByClient<XdgWmBase>()

    init(
        display: Display,
        windows: WindowManager,
        popups: PopupManager,
        clock: any Clock,
        settings: Compositor.Settings
    ) {
        self.display = display
        self.windows = windows
        self.popups = popups
        self.clock = clock
        self.settings = settings
    }

    func bind(_ resource: XdgWmBase) {
        let pings = Pings(
            resource,
            clock: clock,
            nextSerial: { [unowned display] in display.nextSerial() },
            onChange: { [windows] in windows.answersChanged() }
        )
        let base = WmBase(display: display, windows: windows, popups: popups, pings: pings, settings: settings)
        base.onDestroy = { [unowned self] in bases.remove($0) }
        resource.handler = base
        bases.insert(resource)
    }

    /// Asks whether a client answers; nil where it can't be asked, or shows nothing: it may be about to end, and some
    /// toolkits' connections aren't read any more then.
    func pings(of client: Client) -> Pings? {
        bases[client].lazy.compactMap { $0.handler as? WmBase }.first { $0.shownCount > 0 }?.pings
    }
}

/// One client's `xdg_wm_base`.
final class WmBase: XdgWmBase.Requests {
    private unowned let display: Display
    let windows: WindowManager
    let popups: PopupManager
    /// Whether its client answers.
    let pings: Pings
    let settings: Compositor.Settings
    var limits: Limits {
        @inline(__always) _read { yield settings.limits }
    }

    var onDestroy: (XdgWmBase) -> Void = { _ in }

    /// xdg_surfaces of it that are shown.
    var shownCount = 0 {
        didSet { if shownCount == 0 { pings.letGo() } }
    }
    /// xdg_surfaces that were made with it and are still there.
    private var surfaceCount = 0

    init(
        display: Display,
        windows: WindowManager,
        popups: PopupManager,
        pings: Pings,
        settings: Compositor.Settings
    ) {
        self.display = display
        self.windows = windows
        self.popups = popups
        self.pings = pings
        self.settings = settings
    }

    func nextSerial() -> UInt32 { display.nextSerial() }

    func shellSurfaceDestroyed() { surfaceCount -= 1 }

    func destroy(_ resource: XdgWmBase) throws(ProtocolError) {
        guard surfaceCount == 0 else {
            throw ProtocolError(
                XdgWmBase.Error.defunctSurfaces,
                "xdg_wm_base was destroyed while \(surfaceCount) of its xdg_surfaces exist; destroy those first"
            )
        }
    }

    func destroyed(_ resource: XdgWmBase) {
        onDestroy(resource)
        pings.end()
    }

    func createPositioner(_ resource: XdgWmBase, id: XdgPositioner) throws(ProtocolError) {
        id.handler = Positioner()
    }

    func getXdgSurface(_ resource: XdgWmBase, id: XdgSurface, surface: WlSurface) throws(ProtocolError) {
        guard let target = surface.handler as? Surface else {
            throw .invalidObject("wl_surface@\(surface.id) is gone")
        }
        id.handler = try ShellSurface(resource: id, surface: target, base: self, baseResource: resource)
        surfaceCount += 1
    }

    func pong(_ resource: XdgWmBase, serial: UInt32) throws(ProtocolError) { pings.answered(serial) }
}
