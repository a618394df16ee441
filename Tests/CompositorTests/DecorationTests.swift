@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient

/// Title bars: who draws them, where they are, and what they show.
@Suite(.serialized) struct DecorationTests {
    let fixture = Fixture()
    let client: TestClient
    let manager: ZxdgDecorationManagerV1
    let window: Undecided

    /// A window before its first commit, which is when decorations are asked for.
    final class Undecided {
        let surface: WlSurface
        let shellSurface: XdgSurface
        let toplevel: XdgToplevel
        private(set) var heard: [String] = []

        init(_ client: TestClient) {
            surface = client.compositor.createSurface()
            shellSurface = client.wmBase.getXdgSurface(surface: surface)
            toplevel = shellSurface.getToplevel()
            toplevel.onClose = { [weak self] in self?.heard.append("close") }
            toplevel.onConfigure = { [weak self] width, height, _ in self?.heard.append("size \(width)x\(height)") }
            shellSurface.onConfigure = { [weak self, unowned shellSurface] serial in
                self?.heard.append("configure")
                shellSurface.ackConfigure(serial: serial)
            }
        }

        func listen(to decoration: ZxdgToplevelDecorationV1) {
            decoration.onConfigure = { [weak self] mode in self?.heard.append("\(mode)") }
        }

        func show(_ client: TestClient, color: UInt32 = 0xff) {
            surface.commit()
            client.roundTrip()
            surface.attach(buffer: TestPool(client, size: 20_000).buffer(100, 40, color: color), x: 0, y: 0)
            surface.damageBuffer(x: 0, y: 0, width: 100, height: 40)
            surface.commit()
            client.roundTrip()
        }

        func forget() { heard = [] }
    }

    init() {
        client = fixture.connect()
        manager = client.bind(ZxdgDecorationManagerV1.self)
        window = Undecided(client)
    }

    private var node: Window { fixture.compositor.scene.nodes[0] as! Window }

    /// Colours of the pixels in the title bar, left of its buttons.
    private func barColors() -> Set<UInt32> {
        fixture.nextFrame()
        let frame = node.frame
        let rows = fixture.picture()[frame.y..<frame.y + TitleBar.height]
        return Set(rows.flatMap { $0[frame.x..<frame.x + 100 - 3 * TitleBar.height] })
    }

    @Test func aDecoratedWindowHasABarAboveIt() {
        let decoration = manager.getToplevelDecoration(toplevel: window.toplevel)
        window.listen(to: decoration)
        window.show(client)
        #expect(window.heard.prefix(3) == ["serverSide", "size 0x0", "configure"])
        #expect(barColors() == [0x4c566a])
        #expect(node.frame.size == Size(width: 100, height: 40 + TitleBar.height))
        #expect(fixture.pixel(node.frame.x, node.frame.y + TitleBar.height) == 0xff)
    }

    @Test func itShowsTheTitle() {
        manager.getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        fixture.nextFrame()
        window.toplevel.setTitle(title: "Hello\u{7}\u{202e} 😀")
        client.roundTrip()
        guard Typeface(name: "sans", pixels: 13) != nil else { return print("skipped, because there are no fonts") }
        #expect(barColors().count > 10)
        window.toplevel.setTitle(title: "")
        client.roundTrip()
        #expect(barColors() == [0x4c566a])
        window.toplevel.setTitle(title: String(repeating: "WWWW", count: 1_000))
        client.roundTrip()
        let colors = barColors()
        #expect(colors.count > 5)
        #expect(fixture.pixel(node.frame.maxX + 1, node.frame.y + 11) == DrawList.background)
    }

    @Test func onlyTheActiveWindowsBarIsBright() {
        manager.getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        #expect(barColors() == [0x4c566a])
        TestWindow(client).show(TestPool(client, size: 400).buffer(10, 10, color: 0))
        client.roundTrip()
        #expect(barColors() == [0x3b4252])
    }

    @Test func aClientMayDrawItsOwn() {
        let decoration = manager.getToplevelDecoration(toplevel: window.toplevel)
        window.listen(to: decoration)
        decoration.setMode(mode: .clientSide)
        window.show(client)
        #expect(window.heard.first == "clientSide")
        #expect(node.frame.size == Size(width: 100, height: 40))
        decoration.setMode(mode: .serverSide)
        window.forget()
        client.roundTrip()
        window.surface.commit()
        client.roundTrip()
        #expect(window.heard == ["serverSide", "size 0x0", "configure"])
        #expect(barColors() == [0x4c566a])
        decoration.setMode(mode: .clientSide)
        decoration.unsetMode()
        client.roundTrip()
        #expect(window.heard.last { $0.hasSuffix("Side") } == "serverSide")
        decoration.destroy()
        client.roundTrip()
        fixture.nextFrame()
        #expect(node.frame.size == Size(width: 100, height: 40) && client.error == nil)
    }

    @Test func aWindowThatFillsTheOutputLeavesRoomForItsBar() {
        manager.getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        window.forget()
        window.toplevel.setMaximized()
        client.roundTrip()
        #expect(window.heard.contains("size 200x\(100 - TitleBar.height)"))
        window.surface.commit()
        client.roundTrip()
        #expect(node.frame.origin == Point(x: 0, y: 0))
        window.toplevel.setFullscreen(output: nil)
        client.roundTrip()
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        #expect(window.heard.last { $0.hasPrefix("size") } == "size 200x100")
        #expect(fixture.pixel(0, 0) == 0xff, "no bar")
    }

    @Test func `a window on an output lower than its bar still gets a size`() {
        let fixture = Fixture { $0.outputs = [OutputMode(width: 64, height: 20)] }
        let client = fixture.connect()
        let window = Undecided(client)
        client.bind(ZxdgDecorationManagerV1.self).getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        window.toplevel.setMaximized()
        client.roundTrip()
        #expect(window.heard.last { $0.hasPrefix("size") } == "size 64x1")
    }

    @Test func `a bar goes with its decoration, in the next frame`() {
        let decoration = manager.getToplevelDecoration(toplevel: window.toplevel)
        window.show(client)
        #expect(barColors() == [0x4c566a])
        let frame = node.frame
        decoration.destroy()
        fixture.nextFrame()
        let picture = fixture.picture()
        #expect(picture.allSatisfy { Set($0).isSubset(of: [0xff, DrawList.background]) }, "no bar anywhere")
        #expect(picture[frame.y][frame.x] == 0xff && picture[frame.y + 39][frame.x + 99] == 0xff)
        #expect(picture[frame.y + 40][frame.x] == DrawList.background, "the window has moved up")
    }

    @Test func `a configure from before the decoration went doesn't bring its bar back`() {
        let window = TestWindow(client, acks: false)
        let decoration = manager.getToplevelDecoration(toplevel: window.toplevel)
        client.roundTrip()
        window.shellSurface.ackConfigure(serial: window.configures.last!.serial)
        window.show(TestPool(client, size: 20_000).buffer(100, 40, color: 0xff))
        client.roundTrip()
        let onItsWay = window.configures.last!.serial
        decoration.destroy()
        window.shellSurface.ackConfigure(serial: onItsWay)
        fixture.nextFrame()
        #expect(node.frame.size == Size(width: 100, height: 40) && client.error == nil)
    }

    @Test(arguments: [
        ("twice", "zxdg_toplevel_decoration_v1 1"), ("late", "zxdg_toplevel_decoration_v1 0"),
        ("orphaned", "zxdg_toplevel_decoration_v1 2"),
    ])
    func theOrderMatters(what: String, error: String) {
        switch what {
        case "twice":
            manager.getToplevelDecoration(toplevel: window.toplevel)
            manager.getToplevelDecoration(toplevel: window.toplevel)
        case "late":
            window.show(client)
            manager.getToplevelDecoration(toplevel: window.toplevel)
        default:
            manager.getToplevelDecoration(toplevel: window.toplevel)
            window.toplevel.destroy()
        }
        client.roundTrip()
        #expect(client.error == error)
    }
}
