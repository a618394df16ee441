@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import WaylandClient
import WaylandWire

/// A sealed file with pixels, and a pool over it.
final class TestPool {
    let file: Descriptor
    let pool: WlShmPool

    init(_ client: TestClient, size: Int, seals: Seals = .shrink) {
        file = TestFile.memfd(size, seals: seals)
        pool = client.shm.createPool(fd: file, size: Int32(size))
    }

    /// A buffer filled with one colour.
    func buffer(
        _ width: Int,
        _ height: Int,
        color: UInt32,
        at offset: Int = 0,
        format: WlShm.Format = .xrgb8888
    ) -> WlBuffer {
        buffer(width, height, at: offset, format: format) { _, _ in color }
    }

    /// A buffer filled pixel by pixel.
    func buffer(
        _ width: Int,
        _ height: Int,
        at offset: Int = 0,
        format: WlShm.Format = .xrgb8888,
        _ color: (Int, Int) -> UInt32
    ) -> WlBuffer {
        let pixels = (0..<height).flatMap { y in (0..<width).map { x in color(x, y) } }
        TestFile.write(pixels, to: file, at: offset)
        return pool.createBuffer(
            offset: Int32(offset),
            width: Int32(width),
            height: Int32(height),
            stride: Int32(width * 4),
            format: format
        )
    }
}

/// A window that has come as far as its first configure.
final class TestWindow {
    let client: TestClient
    let surface: WlSurface
    let shellSurface: XdgSurface
    let toplevel: XdgToplevel
    private(set) var configures: [(width: Int32, height: Int32, states: [UInt32], serial: UInt32)] = []
    private(set) var enters = 0
    private(set) var leaves = 0
    private var size: (Int32, Int32, [UInt32]) = (0, 0, [])

    init(_ client: TestClient, acks: Bool = true) {
        self.client = client
        surface = client.compositor.createSurface()
        shellSurface = client.wmBase.getXdgSurface(surface: surface)
        toplevel = shellSurface.getToplevel()
        toplevel.onConfigure = { [weak self] in self?.size = ($0, $1, $2.elements(as: UInt32.self)) }
        shellSurface.onConfigure = { [weak self, unowned shellSurface] serial in
            if acks { shellSurface.ackConfigure(serial: serial) }
            if let self { configures.append((size.0, size.1, size.2, serial)) }
        }
        surface.onEnter = { [weak self] _ in self?.enters += 1 }
        surface.onLeave = { [weak self] _ in self?.leaves += 1 }
        surface.commit()
        client.roundTrip()
    }

    /// Attaches, damages everything, commits.
    func show(_ buffer: WlBuffer?) {
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
        surface.commit()
    }

    /// Moves the window to the output's corner, whatever the window manager thinks.
    func moveToCorner() {
        client.roundTrip()
        let scene = client.fixture.compositor.scene
        let node = scene.nodes.last as! Window
        node.place(at: Point(x: 0, y: 0))
        scene.setNeedsLayout(node)
    }
}
