@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient

/// Several outputs, and outputs that come and go.
@Suite(.serialized) struct OutputTests {
    let fixture = Fixture {
        $0.outputs = [
            OutputMode(width: 100, height: 100, refresh: 50_000),
            OutputMode(width: 80, height: 60, refresh: 50_000, scale: 2),
        ]
    }
    let client: TestClient
    let outputs: [WlOutput]

    init() {
        client = fixture.connect()
        outputs = Self.bindOutputs(of: client)
    }

    private static func bindOutputs(of client: TestClient) -> [WlOutput] {
        let registry = client.connection.registry()
        var outputs: [WlOutput] = []
        registry.onGlobal = { [unowned registry] name, interface, version in
            if interface == "wl_output" {
                outputs.append(registry.bind(name: name, as: WlOutput.self, version: version))
            }
        }
        client.roundTrip()
        return outputs
    }

    private var compositor: Compositor { fixture.compositor }
    private var node: Window { compositor.scene.nodes[0] as! Window }

    private func shownWindow(_ width: Int = 30, _ height: Int = 20, color: UInt32 = 0xff) -> TestWindow {
        let window = TestWindow(client)
        window.show(TestPool(client, size: width * height * 4).buffer(width, height, color: color))
        client.roundTrip()
        fixture.nextFrame()
        return window
    }

    private func move(_ x: Int, _ y: Int) {
        node.place(at: Point(x: x, y: y))
        compositor.scene.setNeedsLayout(node)
        fixture.nextFrame()
        fixture.nextFrame()
    }

    @Test func surfacesEnterAndLeaveOutputsAsTheyMove() {
        let window = TestWindow(client)
        var heard: [String] = []
        window.surface.onEnter = { [outputs] output in heard.append("enter \(outputs.firstIndex { $0 === output }!)") }
        window.surface.onLeave = { [outputs] output in heard.append("leave \(outputs.firstIndex { $0 === output }!)") }
        window.show(TestPool(client, size: 2_400).buffer(30, 20, color: 1))
        client.roundTrip()
        fixture.nextFrame()
        #expect(heard == ["enter 0"])
        move(90, 0)
        #expect(heard == ["enter 0", "enter 1"])
        move(105, 0)
        #expect(heard == ["enter 0", "enter 1", "leave 0"])
        move(500, 500)
        #expect(heard == ["enter 0", "enter 1", "leave 0", "leave 1"])
    }

    @Test func `an output bound late hears of the client's surfaces that are on it`() {
        let window = shownWindow()
        _ = shownWindow(color: 1)
        let other = fixture.connect()
        let stranger = TestWindow(other)
        stranger.show(TestPool(other, size: 400).buffer(10, 10, color: 2))
        fixture.nextFrame()
        var entered: [WlOutput] = []
        window.surface.onEnter = { entered.append($0!) }
        let before = stranger.enters
        let late = Self.bindOutputs(of: client)
        client.roundTrip()
        #expect(entered.count == 1 && entered[0] === late[0], "and not of the second output, where it isn't")
        #expect(stranger.enters == before)
        let others = Self.bindOutputs(of: other)
        other.roundTrip()
        #expect(stranger.enters == before + 1)
        var left: [WlOutput] = []
        window.surface.onLeave = { left.append($0!) }
        window.show(nil)
        fixture.nextFrame()
        #expect(left.count == 2 && left[0] === outputs[0] && left[1] === late[0])
        let latest = Self.bindOutputs(of: client)
        client.roundTrip()
        #expect(entered.count == 1 && client.error == nil && others.count == 2 && latest.count == 2)
    }

    @Test func `of many objects for an output the oldest hear of surfaces`() {
        let late = (0..<20).map { _ in Self.bindOutputs(of: client)[0] }
        let window = shownWindow()
        #expect(window.enters == Limits().hearingOutputs)
        _ = Self.bindOutputs(of: client)
        client.roundTrip()
        #expect(window.enters == Limits().hearingOutputs)
        var synced: [WlOutput] = []
        let feedback = client.bind(WpPresentation.self).feedback(surface: window.surface)
        feedback.onSyncOutput = { synced.append($0!) }
        window.surface.commit()
        fixture.nextFrame()
        #expect(synced.count == Limits().hearingOutputs && synced[0] === outputs[0] && synced[1] === late[0])
        // In the place of one that goes the next hears; none hears of a leave that has heard of no enter.
        late[0].release()
        client.roundTrip()
        #expect(window.enters == Limits().hearingOutputs + 1)
        window.show(nil)
        fixture.nextFrame()
        #expect(window.leaves == Limits().hearingOutputs && client.error == nil)
    }

    @Test func aWindowBetweenOutputsIsDrawnOnBothAtTheirScales() {
        _ = shownWindow()
        move(90, 4)
        #expect(fixture.pixel(90, 4) == 0xff && fixture.pixel(99, 23) == 0xff && fixture.pixel(89, 4) != 0xff)
        let second = fixture.picture(of: compositor.outputs[1])
        // Of 30x20, what lies right of x = 100, twice as large.
        #expect(second[8][0] == 0xff && second[47][39] == 0xff)
        #expect(second[7][0] != 0xff && second[48][0] != 0xff && second[20][40] != 0xff)
    }

    @Test func aFullOutputSendsNewWindowsToTheNext() {
        _ = shownWindow(90, 90)
        _ = shownWindow(35, 25)
        let frames = compositor.scene.nodes.map { ($0 as! Window).frame }
        #expect(frames[0].maxX <= 100 && frames[1].x >= 100)
    }

    @Test func fullscreenGoesToTheOutputThatIsAsked() {
        let window = shownWindow()
        window.toplevel.setFullscreen(output: outputs[1])
        client.roundTrip()
        let configure = window.configures.last!
        #expect(configure.width == 40 && configure.height == 30)
        window.surface.commit()
        client.roundTrip()
        #expect(node.frame.origin == Point(x: 100, y: 0))
        window.toplevel.unsetFullscreen()
        client.roundTrip()
        #expect(window.configures.last!.width == 0)
    }

    @Test func anOutputMayComeLater() {
        let registry = client.connection.registry()
        var announced: [UInt32] = []
        registry.onGlobal = { name, interface, _ in if interface == "wl_output" { announced.append(name) } }
        client.roundTrip()
        let output = compositor.addOutput(OutputMode(width: 50, height: 50))
        client.roundTrip()
        #expect(announced.count == 3 && output.name == "HEADLESS-3")
        #expect(output.bounds == Rectangle(x: 140, y: 0, width: 50, height: 50))
        fixture.nextFrame()
        #expect(fixture.picture(of: output)[0][0] == DrawList.background)
    }

    @Test func anOutputThatGoesSendsItsWindowsToAnother() {
        let window = shownWindow()
        move(105, 5)
        let (enters, leaves) = (window.enters, window.leaves)
        let registry = client.connection.registry()
        var removed = 0
        registry.onGlobalRemove = { _ in removed += 1 }
        let session = client.bind(SignetSealedFrameManagerV1.self).createSession(output: outputs[1])
        var stops = 0
        session.onStopped = { stops += 1 }
        client.roundTrip()
        weak let gone = compositor.outputs[1]
        compositor.removeOutput(compositor.outputs[1])
        client.roundTrip()
        fixture.nextFrame()
        #expect(removed == 1 && stops == 1 && window.leaves == leaves + 1 && window.enters == enters + 1)
        #expect(compositor.outputs[0].bounds.intersection(node.frame) == node.frame)
        // What is bound stays, and means nothing.
        let captured = client.bind(SignetSealedFrameManagerV1.self).createSession(output: outputs[1])
        captured.onStopped = { stops += 1 }
        window.toplevel.setFullscreen(output: outputs[1])
        client.roundTrip()
        #expect(stops == 2 && window.configures.last!.width == 100)
        session.destroy()
        outputs[1].release()
        #expect(client.roundTrip() && gone == nil)
    }

    @Test func withoutAnyOutputClientsGoOnSlowly() {
        let window = shownWindow()
        compositor.removeOutput(compositor.outputs[1])
        compositor.removeOutput(compositor.outputs[0])
        var frames = 0
        window.surface.frame().onDone = { _ in frames += 1 }
        window.surface.commit()
        client.roundTrip()
        fixture.clock.advance(by: HiddenFrames.period)
        client.roundTrip()
        #expect(frames == 1 && window.leaves == 1)
        _ = shownWindow()
        compositor.addOutput(OutputMode(width: 100, height: 100))
        fixture.nextFrame()
        #expect(window.enters == 2 && client.error == nil)
    }
}
