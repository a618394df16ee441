public import WaylandClient

/// A window without content: the dance with the shell, up to the point where pixels may come.
open class ShellWindow {
    /// The surface, its shell objects: for what the window itself doesn't do.
    public final let surface: WlSurface
    /// The window's shell surface.
    public final let shellSurface: XdgSurface
    /// The window as such.
    public final let toplevel: XdgToplevel
    /// Whether the user, or the compositor, wants the window gone.
    public final private(set) var isClosed = false
    /// Whether pixels may be attached.
    public final private(set) var isConfigured = false
    private let decoration: ZxdgToplevelDecorationV1?
    private var wantedSize: (width: Int, height: Int)?

    /// Opens a window.
    public init(_ globals: Globals, title: String) {
        surface = globals.compositor.createSurface()
        shellSurface = globals.wmBase.getXdgSurface(surface: surface)
        toplevel = shellSurface.getToplevel()
        toplevel.setTitle(title: title)
        toplevel.setAppId(appId: title)
        // The compositor may draw a title bar, if it can.
        decoration = (try? globals.bind(ZxdgDecorationManagerV1.self, upTo: 1))?.getToplevelDecoration(
            toplevel: toplevel
        )
        toplevel.onConfigure = { [weak self] width, height, _ in
            self?.wantedSize = width > 0 && height > 0 ? (Int(width), Int(height)) : nil
        }
        toplevel.onClose = { [weak self] in self?.isClosed = true }
        shellSurface.onConfigure = { [weak self, unowned shellSurface] serial in
            shellSurface.ackConfigure(serial: serial)
            guard let self else { return }
            isConfigured = true
            configured(width: wantedSize?.width, height: wantedSize?.height)
        }
        surface.commit()
    }

    /// The compositor has said how large the window is to be; nil leaves that to the client.
    open func configured(width: Int?, height: Int?) {}

    /// Takes the window down, in the order that the protocol wants.
    open func close() {
        decoration?.destroy()
        toplevel.destroy()
        shellSurface.destroy()
        surface.destroy()
    }
}
