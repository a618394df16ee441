import ClientToolkit
import Glibc
import WaylandClient

/// A small square that wanders over a window, without a fault or with one.
///
/// The window rests after some frames, so that what clients do while nothing changes can be seen as well.
final class FaultyWindow: ShellWindow {
    private static let restsAfter = 30
    private static let square = 32

    private let globals: Globals
    private let fault: Fault
    private var width = 200
    private var height = 150
    private var canvases: [FaultyCanvas] = []
    private var shown: (canvas: FaultyCanvas, squareX: Int)?
    private var frameCount = 0
    private var framesToDraw = FaultyWindow.restsAfter
    private var isWaitingForFrame = false
    private var isWaitingForCanvas = false
    private var configureTimes: [Double] = []
    /// What a fault never lets go.
    private var leaked: [AnyObject] = []
    private(set) var failure: (any Error)?

    init(_ globals: Globals, fault: Fault) {
        self.globals = globals
        self.fault = fault
        super.init(globals, title: "faulty")
        if fault == .noAck {
            var hasAcked = false
            shellSurface.onConfigure = { [weak self, unowned shellSurface] serial in
                if hasAcked { return }
                hasAcked = true
                shellSurface.ackConfigure(serial: serial)
                self?.configured(width: nil, height: nil)
            }
        }
        if fault == .breaksProtocol { draw() }
        if fault == .crashesOnClose { toplevel.onClose = { abort() } }
        if fault == .ignoresClose { toplevel.onClose = {} }
    }

    override func configured(width: Int?, height: Int?) {
        if fault == .diesOfConfigures {
            configureTimes.append(seconds())
            if configureTimes.count > 20, seconds() - configureTimes[configureTimes.count - 20] < 0.5 { abort() }
        }
        if fault != .fixedSize, let width, let height { (self.width, self.height) = (width, height) }
        framesToDraw = max(framesToDraw, 2)
        draw()
    }

    /// Draws what couldn't be drawn for want of a canvas.
    func dispatched() {
        if isWaitingForCanvas { draw() }
        if fault == .leaksFrames, shown != nil {
            _ = surface.frame()
            surface.commit()
        }
    }

    var isWaiting: Bool { isWaitingForFrame }

    private func draw() {
        guard !isWaitingForFrame, framesToDraw > 0 || fault.needsFrames else { return }
        do { try drawFrame() } catch { failure = error }
    }

    private func drawFrame() throws {
        guard let canvas = try freeCanvas() else {
            isWaitingForCanvas = true
            return
        }
        isWaitingForCanvas = false
        if fault == .crashes, frameCount == 10 { abort() }
        let (size, height) = (Self.square, height)
        let x = frameCount * 5 % max(1, width - size)
        let isOpaque = fault != .notOpaque
        try canvas.fill { px, py in
            if !isOpaque, px >= 180, py >= 140 { return 0 }
            return px >= x && px < x + size && py >= 10 && py < 10 + size ? 0xffff_c040 : 0xff20_2040
        }
        let isNew = shown.map { $0.canvas.width != width || $0.canvas.height != height } ?? true
        surface.attach(buffer: canvas.buffer, x: 0, y: 0)
        damage(x, isNew: isNew, height: height)
        if isNew { setOpaqueRegion() }
        isWaitingForFrame = true
        surface.frame().onDone = { [weak self] _ in
            self?.isWaitingForFrame = false
            self?.draw()
        }
        surface.commit()
        canvas.markBusy()
        shown = (canvas, x)
        frameCount += 1
        framesToDraw -= 1
        leak(canvas)
    }

    private func damage(_ x: Int, isNew: Bool, height: Int) {
        if isNew || fault == .none && frameCount % 10 == 0 {
            surface.damageBuffer(x: 0, y: 0, width: Int32(width), height: Int32(height))
            return
        }
        if fault == .noDamage { return }
        let size = Int32(Self.square)
        surface.damageBuffer(x: Int32(x), y: 10, width: size, height: size)
        if fault != .smallDamage, let last = shown?.squareX {
            surface.damageBuffer(x: Int32(last), y: 10, width: size, height: size)
        }
    }

    private func setOpaqueRegion() {
        let region = globals.compositor.createRegion()
        region.add(x: 0, y: 0, width: Int32(width), height: Int32(height))
        surface.setOpaqueRegion(region: region)
        region.destroy()
    }

    private func leak(_ canvas: FaultyCanvas) {
        switch fault {
        case .leaksSurfaces: leaked.append(globals.compositor.createSurface())
        case .leaksRegions: leaked.append(globals.compositor.createRegion())
        case .leaksPools, .leaksBuffers:
            leaked.append(canvas)
            canvases.removeAll { $0 === canvas }
        default: break
        }
    }

    private func freeCanvas() throws -> FaultyCanvas? {
        if fault == .writesBeforeRelease, let shown, shown.canvas.width == width { return shown.canvas }
        canvases.removeAll { !$0.isBusy && ($0.width != width || $0.height != height) }
        if let free = canvases.first(where: { !$0.isBusy }) { return free }
        if fault == .diesWithoutRelease, canvases.count == 2 { abort() }
        guard canvases.count < 4 else { return nil }
        let new = try FaultyCanvas(shm: globals.shm, width: width, height: height, fault: fault)
        canvases.append(new)
        return new
    }
}

/// Seconds of CLOCK_MONOTONIC.
func seconds() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
