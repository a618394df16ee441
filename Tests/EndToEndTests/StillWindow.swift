import ClientToolkit
import TestSupport
import WaylandClient

/// A window that draws once and never asks for a frame.
final class StillWindow {
    private let surface: WlSurface
    private let shellSurface: XdgSurface
    private let toplevel: XdgToplevel
    private let buffer: WlBuffer
    private var canvas: Canvas?

    /// Its memory is a memfd, whole and sealed, or one that could be sealed and is mostly holes.
    init(_ globals: Globals, color: UInt32 = 0xff_0000, isSealed: Bool = true) {
        surface = globals.compositor.createSurface()
        shellSurface = globals.wmBase.getXdgSurface(surface: surface)
        toplevel = shellSurface.getToplevel()
        if isSealed {
            let canvas = try! ShmCanvas(globals, width: 100, height: 100)
            try! canvas.fill { _, _ in color }
            buffer = canvas.buffer
            self.canvas = canvas
        } else {
            let memory = TestFile.memfd(1 << 20)
            TestFile.write([UInt32](repeating: color, count: 10_000), to: memory)
            let pool = globals.shm.createPool(fd: memory, size: 1 << 20)
            buffer = pool.createBuffer(offset: 0, width: 100, height: 100, stride: 400, format: .xrgb8888)
            pool.destroy()
        }
        let (surface, shellSurface, buffer) = (surface, shellSurface, buffer)
        var isShown = false
        shellSurface.onConfigure = { [unowned shellSurface, unowned surface, unowned buffer] serial in
            shellSurface.ackConfigure(serial: serial)
            if isShown { return }
            isShown = true
            surface.attach(buffer: buffer, x: 0, y: 0)
            surface.damage(x: 0, y: 0, width: 100, height: 100)
            surface.commit()
        }
        surface.commit()
    }

    func setTitle(_ title: String) { toplevel.setTitle(title: title) }

    /// Commits the same again, all of it as damage.
    func redraw() {
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.damage(x: 0, y: 0, width: 100, height: 100)
        surface.commit()
    }
}
