@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// xdg_wm_base, xdg_surface and xdg_toplevel: the order of things, and what windows are told.
@Suite(.serialized) struct ShellTests {
    let fixture = Fixture()
    let client: TestClient

    init() {
        client = fixture.connect()
    }

    private func error(_ misbehave: () -> Void) -> String? {
        let bystander = fixture.connect()
        misbehave()
        client.roundTrip()
        #expect(bystander.roundTrip())
        return client.error
    }

    private func buffer(_ color: UInt32 = 0xff0000) -> WlBuffer {
        TestPool(client, size: 400).buffer(10, 10, color: color)
    }

    // MARK: The strict order

    @Test func theFirstCommitBringsAConfigure() {
        let surface = client.compositor.createSurface()
        let shellSurface = client.wmBase.getXdgSurface(surface: surface)
        var count = 0
        shellSurface.onConfigure = { _ in count += 1 }
        _ = shellSurface.getToplevel()
        client.roundTrip()
        #expect(count == 0)
        surface.commit()
        client.roundTrip()
        #expect(count == 1)
    }

    @Test func aBufferBeforeTheFirstConfigureIsAnError() {
        let error = error {
            let surface = client.compositor.createSurface()
            let shellSurface = client.wmBase.getXdgSurface(surface: surface)
            _ = shellSurface.getToplevel()
            surface.attach(buffer: buffer(), x: 0, y: 0)
            surface.commit()
        }
        #expect(error == "xdg_surface 3")
    }

    @Test func aBufferBeforeTheFirstAckIsAnError() {
        let error = error {
            let window = TestWindow(client, acks: false)
            window.show(buffer())
        }
        #expect(error == "xdg_surface 3")
    }

    @Test func anUnknownSerialIsAnError() {
        let error = error {
            let window = TestWindow(client, acks: false)
            window.shellSurface.ackConfigure(serial: window.configures[0].serial &+ 1)
        }
        #expect(error == "xdg_surface 4")
    }

    @Test func aSerialIsAckedOnce() {
        let error = error {
            let window = TestWindow(client)
            window.shellSurface.ackConfigure(serial: window.configures[0].serial)
        }
        #expect(error == "xdg_surface 4")
    }

    @Test func anAckStandsForAllEarlierConfigures() {
        let error = error {
            let window = TestWindow(client, acks: false)
            window.toplevel.setMaximized()
            window.toplevel.unsetMaximized()
            client.roundTrip()
            window.shellSurface.ackConfigure(serial: window.configures[2].serial)
            client.roundTrip()
            window.shellSurface.ackConfigure(serial: window.configures[1].serial)
        }
        #expect(error == "xdg_surface 4")
    }

    @Test func anUnmappedWindowStartsAnew() {
        let window = TestWindow(client)
        window.show(buffer())
        client.roundTrip()
        window.show(nil)
        client.roundTrip()
        #expect(fixture.compositor.scene.nodes.isEmpty)
        let before = window.configures.count
        window.surface.commit()
        client.roundTrip()
        #expect(window.configures.count == before + 1)
        window.show(buffer())
        client.roundTrip()
        #expect(fixture.compositor.scene.nodes.count == 1)
    }

    @Test func anUnmappedWindowNeedsANewConfigure() {
        let error = error {
            let window = TestWindow(client)
            window.show(buffer())
            client.roundTrip()
            window.show(nil)
            window.show(buffer())
        }
        #expect(error == "xdg_surface 3")
    }

    // MARK: Roles and objects

    @Test func aSurfaceWithABufferGetsNoShellSurface() {
        for isCommitted in [false, true] {
            let client = fixture.connect()
            let surface = client.compositor.createSurface()
            surface.attach(buffer: TestPool(client, size: 400).buffer(10, 10, color: 0), x: 0, y: 0)
            if isCommitted { surface.commit() }
            client.wmBase.getXdgSurface(surface: surface)
            client.roundTrip()
            #expect(client.error == "xdg_wm_base 4")
        }
    }

    @Test func aSurfaceHasOneShellSurface() {
        let error = error {
            let surface = client.compositor.createSurface()
            client.wmBase.getXdgSurface(surface: surface)
            client.wmBase.getXdgSurface(surface: surface)
        }
        #expect(error == "xdg_wm_base 0")
    }

    @Test func aShellSurfaceHasOneRoleObject() {
        let error = error { TestWindow(client).shellSurface.getToplevel() }
        #expect(error == "xdg_surface 2")
    }

    @Test func aWindowStaysAWindowForLife() {
        let error = error {
            let window = TestWindow(client)
            window.toplevel.destroy()
            let positioner = client.wmBase.createPositioner()
            positioner.setSize(width: 1, height: 1)
            positioner.setAnchorRect(x: 0, y: 0, width: 1, height: 1)
            window.shellSurface.getPopup(parent: nil, positioner: positioner)
        }
        #expect(error == "xdg_wm_base 0")
    }

    @Test func aWindowsObjectsCanBeMadeAnew() {
        let window = TestWindow(client)
        window.show(buffer())
        window.toplevel.destroy()
        window.shellSurface.destroy()
        window.surface.attach(buffer: nil, x: 0, y: 0)
        window.surface.commit()
        let shellSurface = client.wmBase.getXdgSurface(surface: window.surface)
        _ = shellSurface.getToplevel()
        window.surface.commit()
        #expect(client.roundTrip())
    }

    @Test func requestsBeforeARoleAreErrors() {
        for index in 0..<3 {
            let client = fixture.connect()
            let surface = client.compositor.createSurface()
            let shellSurface = client.wmBase.getXdgSurface(surface: surface)
            switch index {
            case 0: shellSurface.setWindowGeometry(x: 0, y: 0, width: 1, height: 1)
            case 1: shellSurface.ackConfigure(serial: 1)
            default: surface.commit()
            }
            client.roundTrip()
            #expect(client.error == "xdg_surface 1")
        }
    }

    @Test func objectsAreDestroyedFromTheInsideOut() {
        let steps: [(String, (TestClient, TestWindow) -> Void)] = [
            // libwayland's client side forgets an object's interface with the object.
            ("unknown interface 6", { $1.shellSurface.destroy() }),
            ("unknown interface 4", { $1.surface.destroy() }),
            ("unknown interface 1", { client, _ in client.wmBase.destroy() }),
        ]
        for (expected, step) in steps {
            let client = fixture.connect()
            let window = TestWindow(client)
            step(client, window)
            client.roundTrip()
            #expect(client.error == expected)
        }
    }

    @Test func aWindowThatIsDestroyedDisappears() {
        let window = TestWindow(client)
        window.show(buffer())
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        window.toplevel.destroy()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == DrawList.background)
    }

    // MARK: Sizes

    @Test func sizesThatCantBeAreErrors() {
        let cases: [(String, (TestWindow) -> Void)] = [
            ("xdg_surface 5", { $0.shellSurface.setWindowGeometry(x: 0, y: 0, width: 0, height: 1) }),
            ("xdg_surface 5", { $0.shellSurface.setWindowGeometry(x: 0, y: 0, width: 1, height: -1) }),
            ("xdg_toplevel 2", { $0.toplevel.setMinSize(width: -1, height: 0) }),
            ("xdg_toplevel 2", { $0.toplevel.setMaxSize(width: 0, height: -1) }),
            (
                "xdg_toplevel 2",
                {
                    $0.toplevel.setMinSize(width: 10, height: 10)
                    $0.toplevel.setMaxSize(width: 9, height: 10)
                    $0.surface.commit()
                }
            ),
        ]
        for (expected, misbehave) in cases {
            let client = fixture.connect()
            misbehave(TestWindow(client))
            client.roundTrip()
            #expect(client.error == expected)
        }
    }

    @Test func sizeBoundsAreCheckedTogether() {
        let window = TestWindow(client)
        window.toplevel.setMinSize(width: 10, height: 10)
        window.toplevel.setMaxSize(width: 20, height: 20)
        window.surface.commit()
        // For a moment the smallest size is larger than the largest: nobody looks before the commit.
        window.toplevel.setMinSize(width: 30, height: 30)
        window.toplevel.setMaxSize(width: 40, height: 0)
        window.surface.commit()
        #expect(client.roundTrip())
    }

    @Test func theWindowGeometryIsWhatGetsPlaced() {
        let window = TestWindow(client)
        window.shellSurface.setWindowGeometry(x: 2, y: 3, width: 6, height: 6)
        window.show(buffer())
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(7, 6) == 0xff0000)
        #expect(fixture.pixel(8, 6) == DrawList.background)
    }

    @Test func aMaximizedWindowFillsTheOutput() {
        let window = TestWindow(client)
        window.toplevel.setMaximized()
        client.roundTrip()
        let configure = window.configures.last!
        #expect(configure.width == 200 && configure.height == 100)
        #expect(configure.states.contains(XdgToplevel.State.maximized.rawValue))
        window.show(TestPool(client, size: 80_000).buffer(200, 100, color: 0x00ff00))
        fixture.nextFrame()
        #expect(fixture.pixel(0, 0) == 0x00ff00)
        #expect(fixture.pixel(199, 99) == 0x00ff00)
        window.toplevel.unsetMaximized()
        client.roundTrip()
        #expect(window.configures.last!.width == 0)
    }

    @Test func aFullscreenWindowFillsTheOutput() {
        let window = TestWindow(client)
        window.toplevel.setFullscreen(output: nil)
        client.roundTrip()
        #expect(window.configures.last!.width == 200)
        #expect(window.configures.last!.states.contains(XdgToplevel.State.fullscreen.rawValue))
    }

    @Test func theNewestWindowIsTheActiveOne() {
        let activated = XdgToplevel.State.activated.rawValue
        let first = TestWindow(client)
        first.show(buffer())
        client.roundTrip()
        #expect(first.configures.last!.states == [activated])
        let second = TestWindow(client)
        second.show(buffer())
        client.roundTrip()
        #expect(first.configures.last!.states.isEmpty)
        #expect(second.configures.last!.states == [activated])
        second.toplevel.destroy()
        client.roundTrip()
        #expect(first.configures.last!.states == [activated])
    }

    @Test func windowsDontCoverEachOtherWhileThereIsRoom() {
        let windows = (0..<4).map { _ in
            let window = TestWindow(client)
            window.show(buffer())
            client.roundTrip()
            return window
        }
        let frames = fixture.compositor.scene.nodes.map { ($0 as! Window).frame }
        for (index, frame) in frames.enumerated() {
            for other in frames.dropFirst(index + 1) { #expect(frame.intersection(other).isEmpty) }
        }
        #expect(windows.count == frames.count)
    }

    // MARK: The rest

    @Test func parentsDontGoInCircles() {
        let error = error {
            let windows = (0..<3).map { _ in TestWindow(client) }
            windows[0].toplevel.setParent(parent: windows[1].toplevel)
            windows[1].toplevel.setParent(parent: windows[2].toplevel)
            windows[2].toplevel.setParent(parent: windows[0].toplevel)
        }
        #expect(error == "xdg_toplevel 1")
    }

    @Test func aWindowIsNotItsOwnParent() {
        let error = error {
            let window = TestWindow(client)
            window.toplevel.setParent(parent: window.toplevel)
        }
        #expect(error == "xdg_toplevel 1")
    }

    @Test func titlesAreCutOff() {
        let window = TestWindow(client)
        window.show(buffer())
        window.toplevel.setTitle(title: "ä" + String(repeating: "x", count: 4_000))
        window.toplevel.setAppId(appId: String(repeating: "é", count: 1_900))
        client.roundTrip()
        let fixture = Fixture { $0.limits.titleBytes = 5 }
        let other = fixture.connect()
        let short = TestWindow(other)
        short.show(TestPool(other, size: 400).buffer(10, 10, color: 0))
        short.toplevel.setTitle(title: "ääää")
        other.roundTrip()
        #expect((self.fixture.compositor.scene.nodes[0] as! Window).title.utf8.count == 4_000)
        #expect((fixture.compositor.scene.nodes[0] as! Window).title == "ää")
    }

    @Test func thousandsOfUnansweredConfiguresAreKeptShort() {
        let window = TestWindow(client, acks: false)
        for index in 0..<1_000 {
            if index % 2 == 0 { window.toplevel.setMaximized() } else { window.toplevel.unsetMaximized() }
            if index % 50 == 0 { client.roundTrip() }
        }
        client.roundTrip()
        #expect(window.configures.count < 40)
        // The last word comes when the client catches up.
        window.shellSurface.ackConfigure(serial: window.configures.last!.serial)
        client.roundTrip()
        #expect(window.configures.last!.width == 0)
    }

    @Test func incompletePositionersMakeNoPopup() {
        let error = error {
            let window = TestWindow(client)
            let surface = client.compositor.createSurface()
            let shellSurface = client.wmBase.getXdgSurface(surface: surface)
            let positioner = client.wmBase.createPositioner()
            positioner.setSize(width: 10, height: 10)
            shellSurface.getPopup(parent: window.shellSurface, positioner: positioner)
        }
        #expect(error == "xdg_wm_base 5")
    }

    @Test func aPopupIsNotItsOwnParent() {
        let error = error {
            let surface = client.compositor.createSurface()
            let shellSurface = client.wmBase.getXdgSurface(surface: surface)
            let positioner = client.wmBase.createPositioner()
            positioner.setSize(width: 10, height: 10)
            positioner.setAnchorRect(x: 0, y: 0, width: 1, height: 1)
            shellSurface.getPopup(parent: shellSurface, positioner: positioner)
        }
        #expect(error == "xdg_wm_base 3")
    }

    @Test func clientsGetTheGlobalsTheyNeed() {
        let globals = client.registryContents()
        let versions = globals.mapValues(\.version)
        #expect(versions["wl_compositor"] == 5)
        #expect(versions["wl_shm"] == 1)
        #expect(versions["wl_output"] == 4)
        #expect(versions["wl_seat"] == 8)
        #expect(versions["wl_data_device_manager"] == 3)
        #expect(versions["xdg_wm_base"] == 6)
        #expect(versions["signet_sealed_frame_manager_v1"] == 1)
    }

    @Test func surfacesHearWhichOutputTheyAreOn() {
        _ = client.output
        let window = TestWindow(client)
        window.show(buffer())
        fixture.nextFrame()
        #expect(window.enters == 1)
        window.show(nil)
        fixture.nextFrame()
        #expect(window.leaves == 1)
    }
}
