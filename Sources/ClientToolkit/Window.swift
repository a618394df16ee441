public import SharedMemory
public import WaylandClient

/// A window that draws itself with the CPU, frame by frame.
///
/// It keeps two canvases and draws into the one that the compositor doesn't look at; a frame is drawn when the
/// compositor asks for one.
public final class Window {
    /// The surface, its shell objects: for what the window itself doesn't do.
    public let surface: WlSurface
    /// The window's shell surface.
    public let shellSurface: XdgSurface
    /// The window as such.
    public let toplevel: XdgToplevel
    /// Draws a frame, and commits whatever goes with it; `time` is in milliseconds, from some point on.
    public var draw: (_ canvas: Canvas, _ time: UInt32) -> Void = { _, _ in }
    /// Whether the user, or the compositor, wants the window gone.
    public private(set) var isClosed = false
    /// Frames drawn so far.
    public private(set) var frameCount = 0
    /// Why drawing has stopped, if it has.
    public private(set) var failure: SystemError?
    /// What the memory of the newest frame is.
    public private(set) var backing: AnonymousFile.Backing?

    private let decoration: ZxdgToplevelDecorationV1?
    private let globals: Globals
    private let format: WlShm.Format
    private var width: Int
    private var height: Int
    private var canvases: [Canvas] = []
    private var wantedSize: (width: Int, height: Int)?

    /// Opens a window of `width` by `height` pixels, unless the compositor wants another size.
    public init(
        _ globals: Globals,
        title: String,
        width: Int,
        height: Int,
        format: WlShm.Format = .xrgb8888
    ) {
        self.globals = globals
        self.format = format
        self.width = width
        self.height = height
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
            if let wantedSize { (self.width, self.height) = wantedSize }
            // Later configures take effect with the next frame.
            if frameCount == 0 { show(time: 0) }
        }
        surface.commit()
    }

    /// Takes the window down, in the order that the protocol wants.
    public func close() {
        decoration?.destroy()
        toplevel.destroy()
        shellSurface.destroy()
        surface.destroy()
        canvases = []
    }

    private func show(time: UInt32) {
        do throws(SystemError) {
            let canvas = try freeCanvas()
            draw(canvas, time)
            canvas.markBusy()
            backing = canvas.backing
            surface.frame().onDone = { [weak self] time in self?.show(time: time) }
            surface.attach(buffer: canvas.buffer, x: 0, y: 0)
            surface.damage(x: 0, y: 0, width: Int32(canvas.width), height: Int32(canvas.height))
            surface.commit()
            frameCount += 1
        } catch {
            failure = error
        }
    }

    private func freeCanvas() throws(SystemError) -> Canvas {
        canvases.removeAll { !$0.isBusy && ($0.width != width || $0.height != height) }
        if let free = canvases.first(where: { !$0.isBusy && $0.width == width && $0.height == height }) { return free }
        let new = try Canvas(shm: globals.shm, width: width, height: height, format: format)
        canvases.append(new)
        return new
    }
}
