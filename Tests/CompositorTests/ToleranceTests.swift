@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// What every other compositor lets pass, so that programs rely on it, and where that ends.
@Suite(.serialized) struct ToleranceTests {
    let fixture = Fixture()
    let client: TestClient

    init() {
        client = fixture.connect()
    }

    private func buffer(_ width: Int = 10, _ height: Int = 10, color: UInt32 = 0xff0000) -> WlBuffer {
        TestPool(client, size: width * height * 4).buffer(width, height, color: color)
    }

    // MARK: Destroyed buffers

    enum BufferKind: CaseIterable {
        case mapped, copied, singlePixel

        func make(_ client: TestClient) -> WlBuffer {
            switch self {
            case .mapped: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000)
            case .copied:
                client.shm.createPool(fd: TestFile.posix(400), size: 400)
                    .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
            case .singlePixel:
                client.bind(WpSinglePixelBufferManagerV1.self).createU32RgbaBuffer(r: .max, g: 0, b: 0, a: .max)
            }
        }
    }

    @Test(arguments: BufferKind.allCases)
    func `a buffer destroyed before the commit counts as none`(kind: BufferKind) {
        let fixture = Fixture { if kind == .copied { $0.shmPolicy = .copy } }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(kind.make(client))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(0, 0) != DrawList.background)
        let buffer = kind.make(client)
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        buffer.destroy()
        window.surface.commit()
        fixture.nextFrame()
        #expect(client.error == nil)
        #expect(fixture.pixel(0, 0) == DrawList.background)
    }

    @Test func `a destroyed buffer is no buffer before the first configure`() {
        let gone = buffer()
        let surface = client.compositor.createSurface()
        surface.attach(buffer: gone, x: 0, y: 0)
        gone.destroy()
        let shellSurface = client.wmBase.getXdgSurface(surface: surface)
        let toplevel = shellSurface.getToplevel()
        client.bind(ZxdgDecorationManagerV1.self).getToplevelDecoration(toplevel: toplevel)
        var configures = 0
        shellSurface.onConfigure = { _ in configures += 1 }
        surface.commit()
        #expect(client.roundTrip())
        #expect(configures == 1)
    }

    // MARK: Acks that come late

    /// A window that was unmapped with a configure on its way, whose serial is returned.
    private func unmapped(byRole: Bool) -> (window: TestWindow, stale: UInt32) {
        let window = TestWindow(client, acks: false)
        window.shellSurface.ackConfigure(serial: window.configures[0].serial)
        window.show(buffer())
        client.roundTrip()
        let stale = window.configures.last!.serial
        #expect(stale != window.configures[0].serial, "it became the active one")
        if byRole { window.toplevel.destroy() } else { window.show(nil) }
        return (window, stale)
    }

    @Test(arguments: [false, true], [false, true])
    func `an ack of a configure from before an unmap is ignored`(byRole: Bool, isLate: Bool) {
        let (window, stale) = unmapped(byRole: byRole)
        if isLate {
            if byRole { _ = window.shellSurface.getToplevel() }
            window.surface.commit()
        }
        window.shellSurface.ackConfigure(serial: stale)
        #expect(client.roundTrip())
        // It stands for no ack of what was sent since.
        if byRole, !isLate { _ = window.shellSurface.getToplevel() }
        if !isLate { window.surface.commit() }
        window.show(buffer())
        client.roundTrip()
        #expect(client.error == "xdg_surface 3")
    }

    @Test(arguments: [false, true])
    func `an ack of a configure from before an unmap is ignored once`(byRole: Bool) {
        let (window, stale) = unmapped(byRole: byRole)
        if byRole { _ = window.shellSurface.getToplevel() }
        window.shellSurface.ackConfigure(serial: stale)
        #expect(client.roundTrip())
        window.shellSurface.ackConfigure(serial: stale)
        client.roundTrip()
        #expect(client.error == "xdg_surface 4")
    }

    @Test func `an ack stands for those from before an unmap too`() {
        let (window, stale) = unmapped(byRole: false)
        window.surface.commit()
        client.roundTrip()
        window.shellSurface.ackConfigure(serial: window.configures.last!.serial)
        #expect(client.roundTrip())
        window.shellSurface.ackConfigure(serial: stale)
        client.roundTrip()
        #expect(client.error == "xdg_surface 4")
    }

    @Test func `another window's serial is an error, also after an unmap`() {
        let (window, _) = unmapped(byRole: false)
        let other = TestWindow(client, acks: false)
        window.shellSurface.ackConfigure(serial: other.configures[0].serial)
        client.roundTrip()
        #expect(client.error == "xdg_surface 4")
    }

    @Test(arguments: [(67, "xdg_surface 4"), (68, nil)])
    func `the newest 32 serials from before an unmap are remembered`(index: Int, error: String?) {
        let surface = client.compositor.createSurface()
        let shellSurface = client.wmBase.getXdgSurface(surface: surface)
        var serials: [UInt32] = []
        shellSurface.onConfigure = { serials.append($0) }
        for _ in 0..<100 {
            let toplevel = shellSurface.getToplevel()
            surface.commit()
            toplevel.destroy()
        }
        _ = shellSurface.getToplevel()
        client.roundTrip()
        #expect(serials.count == 100)
        shellSurface.ackConfigure(serial: serials[index])
        client.roundTrip()
        #expect(client.error == error)
    }

    // MARK: Between two role objects

    @Test(arguments: [false, true])
    func `a surface whose window is gone may be committed without a buffer`(hasBuffer: Bool) {
        let window = TestWindow(client)
        window.show(buffer())
        window.toplevel.destroy()
        client.roundTrip()
        let before = window.configures.count
        window.shellSurface.setWindowGeometry(x: 0, y: 0, width: 5, height: 5)
        window.show(nil)
        #expect(client.roundTrip())
        #expect(window.configures.count == before)
        if hasBuffer {
            window.show(buffer())
            client.roundTrip()
            #expect(client.error == "xdg_surface 3")
        } else {
            _ = window.shellSurface.getToplevel()
            window.surface.commit()
            client.roundTrip()
            #expect(window.configures.count == before + 1 && client.error == nil)
        }
    }

    // MARK: Popups without a parent

    @Test func `a popup needs its parent by the first commit`() {
        let surface = client.compositor.createSurface()
        let shellSurface = client.wmBase.getXdgSurface(surface: surface)
        let positioner = client.wmBase.createPositioner()
        positioner.setSize(width: 10, height: 10)
        positioner.setAnchorRect(x: 0, y: 0, width: 1, height: 1)
        shellSurface.getPopup(parent: nil, positioner: positioner)
        #expect(client.roundTrip())
        surface.commit()
        client.roundTrip()
        #expect(client.error == "xdg_wm_base 3")
    }

    // MARK: Frame callbacks beyond the limit

    @Test(arguments: ["shown", "held", "pending"])
    func `the oldest frame callback makes room for a new one`(stage: String) {
        let fixture = Fixture { $0.limits.frameCallbacks = 3 }
        let client = fixture.connect()
        let surface = client.compositor.createSurface()
        let parent = client.compositor.createSurface()
        if stage == "held" { client.subcompositor.getSubsurface(surface: surface, parent: parent) }
        var heard: [Int] = []
        var times: Set<UInt32> = []
        for index in 0..<6 {
            surface.frame().onDone = { time in
                heard.append(index)
                times.insert(time)
            }
            if stage != "pending" { surface.commit() }
        }
        fixture.pump()
        #expect(heard == [0, 1, 2] && times == [milliseconds(fixture.clock.now)])
        surface.commit()
        parent.commit()
        fixture.pump()
        fixture.clock.advance(by: HiddenFrames.period)
        fixture.pump()
        #expect(heard == [0, 1, 2, 3, 4, 5] && client.error == nil)
    }

    @Test func `a covered window may ask for a frame with each of a thousand commits`() {
        let covered = TestWindow(client)
        covered.show(buffer())
        covered.moveToCorner()
        let cover = TestWindow(client)
        cover.show(buffer(20, 20))
        cover.moveToCorner()
        fixture.nextFrame()
        var count = 0
        for index in 0..<1_000 {
            covered.surface.frame().onDone = { _ in count += 1 }
            covered.surface.commit()
            if index % 100 == 0 { client.roundTrip() }
        }
        #expect(client.roundTrip())
        #expect(count == 1_000 - Limits().frameCallbacks)
    }
}
