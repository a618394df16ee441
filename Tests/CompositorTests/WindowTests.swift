@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// What is done with windows: put away and brought back, kept in front of others, asked whether they answer.
@Suite(.serialized) struct WindowTests {
    private let fixture = Fixture()
    private let client: TestClient

    init() {
        client = fixture.connect()
    }

    private var windows: WindowManager { fixture.compositor.windows }

    /// A shown window of some colour, at a place.
    private func window(_ client: TestClient, color: UInt32, at x: Int = 0, _ y: Int = 0) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: color))
        client.roundTrip()
        windows.move(windows.active!, to: Point(x: x, y: y))
        return window
    }

    private func states(_ window: TestWindow) -> [UInt32] { window.configures.last!.states }

    private static let activated: UInt32 = 4
    private static let suspended: UInt32 = 9

    // MARK: Advice

    @Test func windowsHearOnceWhatCanBeDoneWithThem() {
        let surface = client.compositor.createSurface()
        let shellSurface = client.wmBase.getXdgSurface(surface: surface)
        let toplevel = shellSurface.getToplevel()
        var heard: [String] = []
        toplevel.onWmCapabilities = { heard.append("capabilities \($0.elements(as: UInt32.self))") }
        toplevel.onConfigureBounds = { heard.append("bounds \($0)x\($1)") }
        toplevel.onConfigure = { width, height, _ in heard.append("size \(width)x\(height)") }
        shellSurface.onConfigure = { _ in heard.append("configure") }
        surface.commit()
        client.roundTrip()
        #expect(heard == ["capabilities [1, 2, 3, 4]", "bounds 200x100", "size 0x0", "configure"])
        heard = []
        toplevel.setMaximized()
        client.roundTrip()
        #expect(heard == ["size 200x100", "configure"])
    }

    @Test func shownWindowsHearOfNewBounds() throws {
        let window = window(client, color: 0xff)
        var bounds: [Int32] = []
        window.toplevel.onConfigureBounds = { bounds += [$0, $1] }
        let count = window.configures.count
        try fixture.compositor.changeOutput(fixture.output) { $0.mode = OutputMode(width: 300, height: 150) }
        client.roundTrip()
        #expect(bounds == [300, 150] && window.configures.count == count + 1)
    }

    @Test func oldVersionsHearOfNothingNewer() {
        let old = Fixture { $0.globalVersions = ["xdg_wm_base": 3] }
        let client = old.connect()
        #expect(client.registryContents()["xdg_wm_base"]?.version == 3)
        // Events that version 3 hasn't got would end the connection.
        let window = TestWindow(client)
        window.toplevel.setMinimized()
        #expect(client.roundTrip() && window.configures.count == 1)
    }

    @Test func globalsCanBeHidden() {
        let fixture = Fixture { $0.globalVersions = ["wl_seat": 0, "xdg_wm_base": 99] }
        let versions = fixture.connect().registryContents().mapValues(\.version)
        #expect(versions["wl_seat"] == nil && versions["xdg_wm_base"] == 6)
        #expect(fixture.compositor.globalNames.contains("wl_seat"))
    }

    // MARK: Putting away

    @Test func aWindowIsPutAwayAndBroughtBack() {
        let below = window(client, color: 0xff0000)
        let above = window(client, color: 0x00ff00)
        let node = windows.active!
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x00ff00)
        above.toplevel.setMinimized()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        #expect(states(below) == [Self.activated] && states(above) == [])
        // It may draw all the same.
        above.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0x0000ff))
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        windows.activate(node)
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x0000ff)
        #expect(states(below) == [] && states(above) == [Self.activated])
    }

    @Test func whoKnowsHearsThatItIsSuspended() {
        let registry = client.connection.registry()
        var base: XdgWmBase?
        registry.onGlobal = { [unowned registry] name, interface, _ in
            if interface == "xdg_wm_base" { base = registry.bind(name: name, as: XdgWmBase.self, version: 6) }
        }
        client.roundTrip()
        client.wmBase = base!
        let window = window(client, color: 0xff)
        window.toplevel.setMinimized()
        client.roundTrip()
        #expect(states(window) == [Self.suspended])
        windows.activateNext(backwards: false)
        client.roundTrip()
        #expect(states(window) == [Self.activated])
    }

    @Test func aWindowThatIsGoneIsNotPutAway() {
        let first = window(client, color: 0xff)
        first.toplevel.setMinimized()
        first.show(nil)
        client.roundTrip()
        #expect(windows.minimized.isEmpty && windows.windows.isEmpty)
        // Before it is shown there is nothing to put away.
        first.toplevel.setMinimized()
        first.surface.commit()
        client.roundTrip()
        first.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        #expect(windows.windows.count == 1)
        first.toplevel.setMinimized()
        client.roundTrip()
        #expect(windows.minimized.count == 1)
        fixture.disconnect(client)
        #expect(windows.minimized.isEmpty && windows.windows.isEmpty)
    }

    @Test func popupsGoWithTheirWindow() {
        let window = window(client, color: 0xff)
        let popup = PopupTests.TestPopup(client, on: window.shellSurface)
        #expect(fixture.compositor.scene.nodes.count == 2 && !popup.isDone)
        window.toplevel.setMinimized()
        client.roundTrip()
        #expect(fixture.compositor.scene.nodes.isEmpty && popup.isDone)
    }

    @Test func allWindowsHaveTheirTurn() {
        for color in 0..<4 { _ = window(client, color: UInt32(color)) }
        let all = windows.windows
        var seen: [ObjectIdentifier] = []
        for _ in all {
            windows.activateNext(backwards: false)
            seen.append(ObjectIdentifier(windows.active!))
        }
        #expect(seen == all.map(ObjectIdentifier.init))
        for window in all.reversed().dropFirst() {
            windows.activateNext(backwards: true)
            #expect(windows.active === window)
        }
    }

    @Test func aWindowComesBackToWhereItWas() throws {
        let window = window(client, color: 0xff, at: 60, 40)
        let node = windows.active!
        for _ in 0..<2 {
            window.toplevel.setMaximized()
            client.roundTrip()
            window.show(TestPool(client, size: 80_000).buffer(200, 100, color: 0xff))
            client.roundTrip()
            #expect(node.frame == Rectangle(x: 0, y: 0, width: 200, height: 100))
            window.toplevel.setFullscreen(output: nil)
            window.toplevel.unsetMaximized()
            client.roundTrip()
            window.surface.commit()
            client.roundTrip()
            window.toplevel.unsetFullscreen()
            client.roundTrip()
            window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
            client.roundTrip()
            #expect(node.frame == Rectangle(x: 60, y: 40, width: 30, height: 30))
        }
        // Where there is nothing any more it isn't.
        window.toplevel.setMaximized()
        client.roundTrip()
        window.surface.commit()
        try fixture.compositor.changeOutput(fixture.output) { $0.mode = OutputMode(width: 50, height: 35) }
        window.toplevel.unsetMaximized()
        client.roundTrip()
        window.surface.commit()
        client.roundTrip()
        #expect(node.frame.minX < 50 && node.frame.minY < 35)
    }

    // MARK: Families

    @Test func childrenStayInFrontOfTheirParents() {
        let parent = window(client, color: 0xff0000)
        let parentNode = windows.active!
        let child = window(client, color: 0x00ff00)
        child.toplevel.setParent(parent: parent.toplevel)
        let other = window(client, color: 0x0000ff, at: 100)
        client.roundTrip()
        windows.activate(parentNode)
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x00ff00)
        // The parent has what it was given, though.
        #expect(states(parent) == [Self.activated] && states(child) == [])
        other.toplevel.setParent(parent: child.toplevel)
        windows.move(windows.windows.first { $0 !== parentNode }!, to: Point(x: 0, y: 0))
        client.roundTrip()
        let order = fixture.compositor.scene.nodes.compactMap { ($0 as? Window)?.frame.x }
        #expect(order.count == 3)
        // A parent that is gone leaves its children to its own.
        child.show(nil)
        client.roundTrip()
        #expect(windows.windows.contains { $0.parent === parentNode })
    }

    @Test func aChildAppearsOverItsParent() {
        let parent = window(client, color: 0xff0000, at: 100, 50)
        let child = TestWindow(client)
        child.toplevel.setParent(parent: parent.toplevel)
        child.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff))
        client.roundTrip()
        #expect(windows.active!.frame == Rectangle(x: 110, y: 60, width: 10, height: 10))
    }

    @Test func aParentGoesBehindItsNewChild() {
        let child = window(client, color: 0x00ff00)
        let parent = window(client, color: 0xff0000)
        child.toplevel.setParent(parent: parent.toplevel)
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x00ff00)
        #expect(states(parent) == [Self.activated])
    }

    // MARK: Answers

    @Test func aClientThatDoesNotAnswerIsMarkedUntilItDoes() {
        var pings: [UInt32] = []
        client.wmBase.onPing = { pings.append($0) }
        _ = window(client, color: 0xff)
        let node = windows.active!
        windows.pressed(node)
        windows.pressed(node)
        client.roundTrip()
        // One at a time.
        #expect(pings.count == 1)
        fixture.clock.advance(by: Pings.patience)
        #expect(!node.isAnswering)
        client.wmBase.pong(serial: pings[0] &+ 7)
        client.roundTrip()
        #expect(!node.isAnswering)
        client.wmBase.pong(serial: pings[0])
        client.roundTrip()
        #expect(node.isAnswering)
        windows.pressed(node)
        client.roundTrip()
        #expect(pings.count == 2)
        client.wmBase.pong(serial: pings[1])
        client.roundTrip()
        fixture.clock.advance(by: 2 * Pings.patience)
        #expect(node.isAnswering)
    }

    @Test func closingAsksAndThenTells() {
        let bystander = window(fixture.connect(), color: 0xff0000)
        let window = window(client, color: 0xff)
        let node = windows.active!
        var closes = 0
        window.toplevel.onClose = { closes += 1 }
        node.close()
        client.roundTrip()
        #expect(closes == 1)
        // It neither answers nor closes.
        fixture.clock.advance(by: Pings.patience)
        node.close()
        fixture.pump()
        #expect(!client.roundTrip())
        #expect(windows.windows.count == 1 && windows.active !== node)
        #expect(states(bystander) == [Self.activated])
    }

    @Test func aPingThatWaitsHoldsNothing() {
        _ = window(client, color: 0xff)
        windows.active!.close()
        fixture.disconnect(client)
        fixture.clock.advance(by: 2 * Pings.patience)
        #expect(fixture.compositor.clientCount == 0)
    }
}
