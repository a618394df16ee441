@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// signet-control-v1: windows, input and outputs in the hands of a program.
@Suite(.serialized) struct ControlTests {
    private let fixture: Fixture
    private let client: TestClient
    private let party: TestClient
    private let manager: SignetControlManagerV1

    private static let left: UInt32 = 0x110
    private static let shift: UInt32 = 42
    private static let a: UInt32 = 30

    init() throws {
        let keymap = try Keymap()
        fixture = Fixture { $0.keymap = keymap }
        client = fixture.connect()
        party = fixture.connect()
        manager = party.bind(SignetControlManagerV1.self)
    }

    /// A window of 30x30, its geometry's corner at a place.
    private func window(_ client: TestClient, at x: Int, _ y: Int) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        fixture.compositor.windows.active!.moveGeometry(to: Point(x: x, y: y))
        fixture.nextFrame()
        return window
    }

    private func ear(_ window: TestWindow) -> Ear { Ear(window.client, [("it", window.surface)]) }

    /// What a party hears of windows.
    private final class Watcher {
        var list: SignetWindowListV1?
        var windows: [SignetWindowV1] = []
        var heard: [String] = []

        init(_ manager: SignetControlManagerV1, _ client: TestClient) {
            let list = manager.watchWindows()
            self.list = list
            list.onDone = { [unowned self] in heard.append("done") }
            list.onWindow = { [unowned self] window in
                let index = windows.count
                windows.append(window)
                heard.append("window \(index)")
                window.onTitle = { [unowned self] in heard.append("title \(index) \($0.prefix(10))") }
                window.onApplication = { [unowned self] in heard.append("application \(index) \($0)") }
                window.onProcess = { [unowned self] in heard.append("process \(index) \($0 == UInt32(getpid()))") }
                window.onGeometry = { [unowned self] in heard.append("geometry \(index) \($0) \($1) \($2) \($3)") }
                window.onState = { [unowned self] in heard.append("state \(index) \($0.rawValue)") }
                window.onClosed = { [unowned self] in heard.append("closed \(index)") }
            }
            client.roundTrip()
        }

        func take(_ fixture: Fixture) -> [String] {
            // Changes are gathered for a hundredth of a second, in real time.
            for _ in 0..<20 where heard.isEmpty {
                usleep(5_000)
                fixture.pump()
            }
            defer { heard = [] }
            return heard
        }
    }

    // MARK: Windows

    @Test func `windows are told of as they are, and as they become`() {
        let first = window(client, at: 10, 20)
        first.toplevel.setTitle(title: "One")
        first.toplevel.setAppId(appId: "org.one")
        client.roundTrip()
        let watcher = Watcher(manager, party)
        #expect(
            watcher.take(fixture) == [
                "window 0", "title 0 One", "application 0 org.one", "process 0 true", "geometry 0 10 20 30 30",
                "state 0 1", "done",
            ]
        )
        let second = window(client, at: 50, 20)
        let heard = watcher.take(fixture)
        #expect(heard.contains("window 1") && heard.contains("state 0 0") && heard.last == "done")
        _ = watcher.take(fixture)
        second.toplevel.setMaximized()
        client.roundTrip()
        second.show(TestPool(client, size: 80_000).buffer(200, 100, color: 0xff))
        client.roundTrip()
        var all = watcher.take(fixture) + watcher.take(fixture)
        #expect(all.contains("state 1 3") && all.contains("geometry 1 0 0 200 100"))
        // As long as a title can be.
        second.toplevel.setTitle(title: String(repeating: "t", count: 4_050))
        client.roundTrip()
        #expect(watcher.take(fixture) == ["title 1 tttttttttt", "done"])
        fixture.disconnect(client)
        all = watcher.take(fixture)
        #expect(Set(all) == ["closed 0", "closed 1", "done"])
        // Which means nothing any more.
        watcher.windows[0].activate()
        watcher.windows[0].close()
        watcher.windows[0].resize(width: 5, height: 5)
        watcher.windows[0].move(x: 1, y: 1)
        #expect(party.roundTrip())
    }

    @Test func `a window can be activated, moved, resized and closed`() {
        let one = window(client, at: 10, 20)
        let two = window(client, at: 50, 20)
        let watcher = Watcher(manager, party)
        _ = watcher.take(fixture)
        watcher.windows[0].activate()
        watcher.windows[0].move(x: 15, y: -25)
        party.roundTrip()
        #expect(fixture.compositor.windows.active?.geometryFrame == Rectangle(x: 15, y: -25, width: 30, height: 30))
        let count = one.configures.count
        watcher.windows[0].resize(width: 40, height: 35)
        party.roundTrip()
        client.roundTrip()
        #expect(one.configures.dropFirst(count).last.map { [$0.width, $0.height] } == [40, 35])
        one.show(TestPool(client, size: 5_600).buffer(40, 35, color: 0xff))
        client.roundTrip()
        #expect(fixture.compositor.windows.active?.geometryFrame == Rectangle(x: 15, y: -25, width: 40, height: 35))
        // From then on the size is the client's again.
        #expect(fixture.compositor.windows.active?.wanted.size == nil)
        var isClosed = false
        two.toplevel.onClose = { isClosed = true }
        watcher.windows[1].close()
        party.roundTrip()
        client.roundTrip()
        #expect(isClosed)
        watcher.windows[1].resize(width: 0, height: 5)
        #expect(!party.roundTrip() && party.error == "signet_window_v1 0")
    }

    @Test func `who stops listening keeps its windows, and there is an end to lists`() {
        _ = window(client, at: 10, 20)
        let watcher = Watcher(manager, party)
        _ = watcher.take(fixture)
        watcher.list?.destroy()
        watcher.windows[0].move(x: 100, y: 30)
        party.roundTrip()
        #expect(fixture.compositor.windows.active?.geometryFrame.x == 100)
        #expect(watcher.take(fixture).isEmpty)
        for _ in 0..<4 { _ = manager.watchWindows() }
        #expect(party.roundTrip())
        _ = manager.watchWindows()
        #expect(!party.roundTrip() && party.error == "wl_display 2")
    }

    // MARK: Devices

    @Test func `a driver plays pointer, keyboard and fingers, in a window's own coordinates too`() {
        let window = window(client, at: 10, 20)
        let ear = ear(window)
        ear.listenToPointer()
        ear.listenToKeyboard()
        ear.listenToTouch()
        _ = ear.take()
        let watcher = Watcher(manager, party)
        let driver = manager.createDriver()
        driver.move(window: watcher.windows[0], x: Fixed(3.5), y: Fixed(4))
        driver.button(button: Self.left, pressed: 1)
        driver.button(button: Self.left, pressed: 0)
        driver.step(dx: Fixed(1), dy: Fixed(2))
        driver.scroll(axis: .verticalScroll, value: Fixed(15), value120: 120, source: .wheel)
        driver.key(key: Self.a, pressed: 1)
        driver.key(key: Self.a, pressed: 0)
        driver.touchDown(finger: 3, window: watcher.windows[0], x: Fixed(1), y: Fixed(1))
        driver.touchMove(finger: 3, window: nil, x: Fixed(20), y: Fixed(30))
        driver.touchUp(finger: 3)
        party.roundTrip()
        #expect(
            ear.take() == [
                "enter it 3.5 4.0", "|", "press 0", "|", "release 0", "|", "motion 4.5 6.0", "|", "source 0",
                "120ths 0 120", "axis 0 15.0", "|", "down 30", "up 30", "down it 3 1.0 1.0", "|",
                "motion 3 10.0 10.0", "|", "up 3", "|",
            ]
        )
        driver.key(key: Self.a, pressed: 2)
        #expect(!party.roundTrip() && party.error == "signet_driver_v1 0")
    }

    @Test func `what a driver holds is released when it is gone, unless another holds it or it was left`() {
        let window = window(client, at: 10, 20)
        let ear = ear(window)
        ear.listenToPointer()
        ear.listenToKeyboard()
        ear.listenToTouch()
        let driver = manager.createDriver()
        driver.move(window: nil, x: Fixed(12), y: Fixed(22))
        party.roundTrip()
        _ = ear.take()
        driver.key(key: Self.a, pressed: 1)
        driver.button(button: Self.left, pressed: 1)
        driver.touchDown(finger: 0, window: nil, x: Fixed(12), y: Fixed(22))
        party.roundTrip()
        // Pressed already: it comes up when neither holds it.
        let other = fixture.connect()
        let second = other.bind(SignetControlManagerV1.self).createDriver()
        second.key(key: Self.a, pressed: 1)
        other.roundTrip()
        #expect(ear.take() == ["down 30", "press 0", "|", "down it 0 2.0 2.0", "|"])
        fixture.disconnect(party)
        #expect(ear.take() == ["release 0", "|", "up 0", "|"])
        fixture.disconnect(other)
        #expect(ear.take() == ["up 30"])

        let third = fixture.connect()
        let leaving = third.bind(SignetControlManagerV1.self).createDriver()
        leaving.key(key: Self.shift, pressed: 1)
        leaving.leave()
        third.roundTrip()
        fixture.disconnect(third)
        #expect(ear.take() == ["down 42", "modifiers 1 0"])
        let fourth = fixture.connect()
        fourth.bind(SignetControlManagerV1.self).createDriver().key(key: Self.shift, pressed: 0)
        fourth.roundTrip()
        #expect(ear.take() == ["up 42", "modifiers 0 0"])
    }

    @Test func `who doesn't read is left out, but for what comes up`() {
        let window = window(client, at: 10, 20)
        let ear = ear(window)
        ear.listenToPointer()
        ear.listenToKeyboard()
        let driver = manager.createDriver()
        driver.move(window: nil, x: Fixed(12), y: Fixed(22))
        driver.key(key: Self.a, pressed: 1)
        party.roundTrip()
        // Its client doesn't read meanwhile.
        for index in 0..<60_000 {
            driver.step(dx: Fixed(index % 2 == 0 ? 1 : -1), dy: Fixed(0))
            while index % 100 == 0, !party.connection.flush() { fixture.compositor.dispatch(timeout: 1) }
        }
        driver.key(key: Self.shift, pressed: 1)
        driver.key(key: Self.a, pressed: 0)
        for _ in 0..<1_000 where fixture.compositor.seat.keyboard?.pressed.isEmpty == false {
            party.connection.flush()
            fixture.compositor.dispatch(timeout: 1)
        }
        #expect(client.roundTrip())
        let heard = ear.take()
        #expect(heard.contains("up 30") && !heard.contains("down 42"))
        // All that moved would be 60,000 events.
        #expect(heard.count < 30_000)
    }

    @Test func `hidden globals leave nothing behind`() {
        let fixture = Fixture { settings in
            for name in Fixture().compositor.globalNames where name.contains("signet") || name.contains("virtual") {
                settings.globalVersions[name] = 0
            }
        }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        window.toplevel.setTitle(title: "One")
        #expect(client.roundTrip())
        #expect(!client.registryContents().keys.contains { $0.contains("signet_control") })
    }

    @Test func `many windows with long titles don't end who watches them`() {
        let other = fixture.connect()
        let title = String(repeating: "t", count: 3_990)
        let windows = (0..<300).map { _ in
            let window = TestWindow(other)
            window.toplevel.setTitle(title: title)
            window.toplevel.setAppId(appId: title)
            window.show(TestPool(other, size: 400).buffer(10, 10, color: 0xff))
            return window
        }
        other.roundTrip()
        let list = manager.watchWindows()
        var (count, isDone) = (0, false)
        var known: [SignetWindowV1] = []
        list.onWindow = {
            known.append($0)
            count += 1
        }
        list.onDone = { isDone = true }
        party.connection.flush()
        // It doesn't read for a moment.
        for _ in 0..<20 {
            fixture.compositor.dispatch(timeout: 0)
            usleep(2_000)
        }
        for _ in 0..<1_000 where !isDone {
            fixture.pump()
            usleep(5_000)
        }
        #expect(party.error == nil && isDone && count == 300)
        withExtendedLifetime((windows, list)) {}
    }

    // MARK: What is on its way

    @Test func `it is settled when those who heard of events have answered`() {
        let window = window(client, at: 10, 20)
        let ear = ear(window)
        ear.listenToPointer()
        var pings: [UInt32] = []
        client.wmBase.onPing = { pings.append($0) }
        let driver = manager.createDriver()
        driver.move(window: nil, x: Fixed(12), y: Fixed(22))
        // Away again: it heard of it all the same.
        driver.move(window: nil, x: Fixed(0), y: Fixed(0))
        var answer: [UInt32]?
        let settled = manager.settle(window: nil)
        settled.onDone = { answer = [$0, $1] }
        party.roundTrip()
        client.roundTrip()
        party.roundTrip()
        #expect(pings.count == 1 && answer == nil)
        client.wmBase.pong(serial: pings[0])
        client.roundTrip()
        party.roundTrip()
        #expect(answer == [1, 0])
        // Who takes its windows away isn't asked, nor waited for: it may be about to end.
        answer = nil
        driver.move(window: nil, x: Fixed(12), y: Fixed(22))
        manager.settle(window: nil).onDone = { answer = [$0, $1] }
        party.roundTrip()
        client.roundTrip()
        #expect(pings.count == 2 && answer == nil)
        window.show(nil)
        client.roundTrip()
        party.roundTrip()
        #expect(answer == [0, 1])
        answer = nil
        driver.move(window: nil, x: Fixed(13), y: Fixed(22))
        manager.settle(window: nil).onDone = { answer = [$0, $1] }
        party.roundTrip()
        client.roundTrip()
        #expect(pings.count == 2 && answer == [0, 0])
        // Who goes away isn't waited for, nor a window that nobody has.
        answer = nil
        let last = self.window(client, at: 10, 20)
        let watcher = Watcher(manager, party)
        let other = manager.settle(window: watcher.windows[0])
        other.onDone = { answer = [$0, $1] }
        party.roundTrip()
        #expect(answer == nil)
        fixture.disconnect(client)
        party.roundTrip()
        #expect(answer == [0, 1])
        answer = nil
        manager.settle(window: watcher.windows[0]).onDone = { answer = [$0, $1] }
        party.roundTrip()
        #expect(answer == [0, 0])
        withExtendedLifetime((ear, last)) {}
    }

    @Test func `it shows what a window hasn't drawn yet`() {
        let window = TestWindow(client, acks: false)
        window.shellSurface.ackConfigure(serial: window.configures[0].serial)
        window.show(TestPool(client, size: 3_600).buffer(30, 30, color: 0xff))
        client.roundTrip()
        func look() -> UInt32? {
            var answer: UInt32?
            manager.look().onDone = { configures, _, _ in answer = configures }
            party.roundTrip()
            return answer
        }
        // It was told that it is the active one.
        #expect(look() == 1)
        window.shellSurface.ackConfigure(serial: window.configures.last!.serial)
        client.roundTrip()
        #expect(look() == 1)
        window.surface.commit()
        client.roundTrip()
        #expect(look() == 0)
    }

    // MARK: Outputs

    @Test func `an output changes as a whole, or not at all`() {
        func change(_ body: (SignetOutputChangeV1) -> Void) -> String? {
            var answer: String?
            let change = manager.changeOutput(output: party.output)
            change.onApplied = { answer = "applied" }
            change.onRefused = { answer = $0 }
            body(change)
            change.apply()
            change.apply()
            party.roundTrip()
            return answer
        }
        #expect(
            change {
                $0.setMode(width: 300, height: 150, refresh: 0)
                $0.setScale(scale: 180)
                $0.setPosition(x: 7, y: -8)
            } == "applied"
        )
        let state = fixture.output.state
        #expect(state.mode == OutputMode(width: 300, height: 150, refresh: 50_000, scale: 1.5))
        #expect(state.position == Point(x: 7, y: -8))
        let bad: [(SignetOutputChangeV1) -> Void] = [
            { $0.setMode(width: 0, height: 150, refresh: 0) }, { $0.setMode(width: 100, height: 16_385, refresh: 0) },
            { $0.setMode(width: 100, height: 100, refresh: -1) }, { $0.setScale(scale: 0) },
            { $0.setScale(scale: .max) }, { $0.setPosition(x: .max, y: .min) },
        ]
        for body in bad {
            let answer = change {
                $0.setPosition(x: 1, y: 1)
                body($0)
            }
            #expect(answer?.contains("not") == true)
        }
        #expect(fixture.output.state == state)
    }
}
