@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Buffers whose size isn't a multiple of their scale: where they are allowed, and how large they are.
@Suite(.serialized) struct BufferScaleTests {
    let fixture = Fixture()
    let client: TestClient

    init() {
        client = fixture.connect()
    }

    private func buffer(_ width: Int, _ height: Int, color: UInt32 = 0xff0000) -> WlBuffer {
        TestPool(client, size: width * height * 4).buffer(width, height, color: color)
    }

    @Test(arguments: ["none", "cursor", "toplevel", "popup", "subsurface"], ["new buffer", "new scale"])
    func `cursors and surfaces without a role take any size`(role: String, what: String) {
        let parent = TestWindow(client)
        let surface = client.compositor.createSurface()
        var shellSurface: XdgSurface?
        if role == "toplevel" || role == "popup" {
            shellSurface = client.wmBase.getXdgSurface(surface: surface)
            shellSurface!.onConfigure = { [unowned shellSurface] in shellSurface!.ackConfigure(serial: $0) }
        }
        switch role {
        case "cursor": client.seat.getPointer().setCursor(serial: 0, surface: surface, hotspotX: 0, hotspotY: 0)
        case "toplevel": _ = shellSurface!.getToplevel()
        case "popup":
            let positioner = client.wmBase.createPositioner()
            positioner.setSize(width: 10, height: 10)
            positioner.setAnchorRect(x: 0, y: 0, width: 1, height: 1)
            shellSurface!.getPopup(parent: parent.shellSurface, positioner: positioner)
        case "subsurface":
            client.subcompositor.getSubsurface(surface: surface, parent: parent.surface)
        default: break
        }
        surface.commit()
        client.roundTrip()
        if what == "new scale" {
            surface.attach(buffer: buffer(9, 9), x: 0, y: 0)
            surface.commit()
            #expect(client.roundTrip())
            surface.setBufferScale(scale: 2)
        } else {
            surface.setBufferScale(scale: 2)
            surface.attach(buffer: buffer(9, 9), x: 0, y: 0)
        }
        surface.commit()
        client.roundTrip()
        #expect(client.error == (role == "none" || role == "cursor" ? nil : "wl_surface 2"))
    }

    @Test func `a commit that changes no size is no error, whatever the surface has become`() {
        let parent = TestWindow(client)
        let surface = client.compositor.createSurface()
        surface.setBufferScale(scale: 2)
        surface.attach(buffer: buffer(9, 9), x: 0, y: 0)
        surface.commit()
        client.subcompositor.getSubsurface(surface: surface, parent: parent.surface).setDesync()
        surface.frame()
        surface.commit()
        #expect(client.roundTrip())
        surface.setBufferScale(scale: 4)
        surface.commit()
        client.roundTrip()
        #expect(client.error == "wl_surface 2")
    }

    @Test func `a viewport makes up for a size that the scale doesn't divide`() {
        for isSource in [false, true] {
            let window = TestWindow(client)
            let viewport = client.viewporter.getViewport(surface: window.surface)
            if isSource {
                viewport.setSource(x: Fixed(0), y: Fixed(0), width: Fixed(4), height: Fixed(4))
            } else {
                viewport.setDestination(width: 4, height: 4)
            }
            window.surface.setBufferScale(scale: 2)
            window.show(buffer(9, 9))
            window.surface.setBufferScale(scale: 7)
            if isSource { viewport.setSource(x: Fixed(0), y: Fixed(0), width: Fixed(1), height: Fixed(1)) }
            window.surface.commit()
            #expect(client.roundTrip())
        }
    }

    @Test(arguments: [(2.5, nil), (2.75, "wp_viewport 2")])
    func `a source may reach as far as the buffer, to the fraction`(width: Double, error: String?) {
        let window = TestWindow(client)
        let viewport = client.viewporter.getViewport(surface: window.surface)
        viewport.setSource(x: Fixed(0), y: Fixed(0), width: Fixed(width), height: Fixed(2.5))
        viewport.setDestination(width: 5, height: 5)
        window.surface.setBufferScale(scale: 2)
        window.show(buffer(5, 5))
        client.roundTrip()
        #expect(client.error == error)
    }

    /// A surface that the pointer looks like, at 20, 20, over a window of colour 0xff.
    private func cursor(of client: TestClient, scale: Int32) -> WlSurface {
        TestWindow(client).show(TestPool(client, size: 80_000).buffer(200, 100, color: 0xff))
        client.roundTrip()
        var serial: UInt32 = 0
        let pointer = client.seat.getPointer()
        pointer.onEnter = { entered, _, _, _ in serial = entered }
        client.roundTrip()
        client.fixture.compositor.send(.pointerMotion(to: Position(x: 20, y: 20)))
        client.roundTrip()
        let surface = client.compositor.createSurface()
        pointer.setCursor(serial: serial, surface: surface, hotspotX: 0, hotspotY: 0)
        surface.setBufferScale(scale: scale)
        return surface
    }

    @Test(arguments: [(1, 1), (3, 2), (4, 2)])
    func `a size that the scale doesn't divide is rounded up`(pixels: Int, units: Int) {
        let cursor = cursor(of: client, scale: 2)
        cursor.attach(buffer: buffer(pixels, pixels, color: 0xff00), x: 0, y: 0)
        cursor.commit()
        fixture.nextFrame()
        let row = fixture.picture()[20 + units - 1][20..<24]
        #expect(row.prefix { $0 == 0xff00 }.count == units && row.last == 0xff && client.error == nil)
    }

    @Test(arguments: [false, true])
    func `damage of a buffer that the scale doesn't divide is drawn where it shows`(isCopied: Bool) {
        let fixture = Fixture { if isCopied { $0.shmPolicy = .copy } }
        let client = fixture.connect()
        let file = isCopied ? TestFile.posix(196) : TestFile.memfd(196, seals: .shrink)
        let buffer = client.shm.createPool(fd: file, size: 196)
            .createBuffer(offset: 0, width: 7, height: 7, stride: 28, format: .xrgb8888)
        let cursor = cursor(of: client, scale: 3)
        cursor.attach(buffer: buffer, x: 0, y: 0)
        cursor.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(22, 22) == 0)
        TestFile.write(Array(repeating: 0xff_ff00, count: 49), to: file)
        cursor.attach(buffer: buffer, x: 0, y: 0)
        // The third unit shows the sixth pixel, as 7 pixels lie on 3 units.
        if isCopied {
            cursor.damage(x: 2, y: 2, width: 1, height: 1)
        } else {
            cursor.damageBuffer(x: 5, y: 5, width: 1, height: 1)
        }
        cursor.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(22, 22) == 0xff_ff00 && client.error == nil)
    }
}
