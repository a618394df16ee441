internal import WaylandClient

/// A window that draws itself with the CPU, frame by frame.
///
/// It keeps two canvases and draws into the one that the compositor doesn't look at; a frame is drawn when the
/// compositor asks for one.
public final class Window: ShellWindow {
    /// Draws a frame, and commits whatever goes with it; `time` is in milliseconds, from some point on.
    public var draw: (_ canvas: Canvas, _ time: UInt32) throws -> Void = { _, _ in }
    /// Frames drawn so far.
    public private(set) var frameCount = 0
    /// Why drawing has stopped, if it has.
    public private(set) var failure: (any Error)?
    /// What the memory of the newest frame is.
    public private(set) var origin: String?

    private let makeCanvas: (_ width: Int, _ height: Int) throws -> Canvas
    private var width: Int
    private var height: Int
    private var canvases: [Canvas] = []

    /// Opens a window of `width` by `height` pixels, unless the compositor wants another size.
    ///
    /// `makeCanvas` makes what it draws into: shared memory if not given.
    public init(
        _ globals: Globals,
        title: String,
        width: Int,
        height: Int,
        makeCanvas: ((_ width: Int, _ height: Int) throws -> Canvas)? = nil
    ) {
        self.makeCanvas = makeCanvas ?? { try ShmCanvas(globals, width: $0, height: $1) }
        self.width = width
        self.height = height
        super.init(globals, title: title)
    }

    public override func configured(width: Int?, height: Int?) {
        if let width, let height { (self.width, self.height) = (width, height) }
        // Later configures take effect with the next frame.
        if frameCount == 0 { show(time: 0) }
    }

    public override func close() {
        super.close()
        canvases = []
    }

    private func show(time: UInt32) {
        do {
            let canvas = try freeCanvas()
            try draw(canvas, time)
            canvas.markBusy()
            origin = canvas.origin
            surface.frame().onDone = { [weak self] time in self?.show(time: time) }
            surface.attach(buffer: canvas.buffer, x: 0, y: 0)
            surface.damage(x: 0, y: 0, width: Int32(canvas.width), height: Int32(canvas.height))
            surface.commit()
            frameCount += 1
        } catch {
            failure = error
        }
    }

    private func freeCanvas() throws -> Canvas {
        canvases.removeAll { !$0.isBusy && ($0.width != width || $0.height != height) }
        if let free = canvases.first(where: { !$0.isBusy && $0.width == width && $0.height == height }) { return free }
        let new = try makeCanvas(width, height)
        canvases.append(new)
        return new
    }
}
