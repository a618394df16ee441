@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient

/// The smaller extensions of surfaces and outputs.
@Suite(.serialized) struct ExtensionTests {
    let fixture = Fixture()
    let client: TestClient
    let window: TestWindow
    let pool: TestPool

    init() {
        client = fixture.connect()
        window = TestWindow(client)
        pool = TestPool(client, size: 40_000)
    }

    // MARK: Single-pixel buffers

    @Test(arguments: [
        (UInt32.max, UInt32(0), UInt32(0), UInt32.max, UInt32(0xff_0000)), (0x8080_8080, 0, 0, .max, 0x80_0000),
        (0, 0, 0, 0, 0x2e3440), (0x8000_0000, 0, 0, 0x8000_0000, 0x971a20),
    ])
    func aPixelFillsItsSurface(red: UInt32, green: UInt32, blue: UInt32, alpha: UInt32, expected: UInt32) {
        let manager = client.bind(WpSinglePixelBufferManagerV1.self)
        let buffer = manager.createU32RgbaBuffer(r: red, g: green, b: blue, a: alpha)
        var releases = 0
        buffer.onRelease = { releases += 1 }
        client.viewporter.getViewport(surface: window.surface).setDestination(width: 33, height: 17)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        #expect(releases == 1)
        #expect(fixture.pixel(0, 0) == expected && fixture.pixel(32, 16) == expected)
        #expect(fixture.pixel(33, 16) == 0x2e3440 && fixture.pixel(32, 17) == 0x2e3440)
    }

    // MARK: Presentation

    /// What a feedback object said.
    private final class Heard {
        var outputs = 0
        var presented: [(time: UInt64, refresh: UInt32, sequence: UInt32)] = []
        var discarded = 0

        init(_ feedback: WpPresentationFeedback) {
            feedback.onSyncOutput = { _ in self.outputs += 1 }
            feedback.onPresented = { high, low, nanoseconds, refresh, _, sequence, _ in
                let seconds = UInt64(high) << 32 | UInt64(low)
                self.presented.append((seconds * 1_000_000_000 + UInt64(nanoseconds), refresh, sequence))
            }
            feedback.onDiscarded = { self.discarded += 1 }
        }
    }

    @Test func framesTellWhenTheyWereShown() {
        var clock: UInt32?
        let presentation = client.bind(WpPresentation.self) { $0.onClockId = { clock = $0 } }
        _ = client.output
        let first = Heard(presentation.feedback(surface: window.surface))
        window.show(pool.buffer(10, 10, color: 0))
        client.roundTrip()
        #expect(clock == 1 && first.presented.isEmpty)
        fixture.nextFrame()
        #expect(first.presented.count == 1 && first.outputs == 1 && first.discarded == 0)
        #expect(first.presented[0].time == fixture.clock.now)
        #expect(first.presented[0].refresh == UInt32(Fixture.period))
        let second = Heard(presentation.feedback(surface: window.surface))
        window.show(pool.buffer(10, 10, color: 1))
        fixture.nextFrame()
        #expect(second.presented[0].time - first.presented[0].time == Fixture.period)
        #expect(second.presented[0].sequence == first.presented[0].sequence + 1)
    }

    @Test func `the sequence counts refreshes, drawn or not`() {
        let presentation = client.bind(WpPresentation.self)
        let first = Heard(presentation.feedback(surface: window.surface))
        window.show(pool.buffer(10, 10, color: 0))
        fixture.nextFrame()
        for _ in 0..<6 { fixture.nextFrame() }
        // Nothing is drawn this time either.
        let second = Heard(presentation.feedback(surface: window.surface))
        window.surface.commit()
        fixture.nextFrame()
        #expect(second.presented[0].time - first.presented[0].time == 7 * Fixture.period)
        #expect(second.presented[0].sequence == first.presented[0].sequence + 7)
    }

    @Test func aPeriodOfFourSecondsIsTheLongestThatCanBeTold() {
        let fixture = Fixture { $0.outputs = [OutputMode(width: 200, height: 100, refresh: 1)] }
        let client = fixture.connect()
        let window = TestWindow(client)
        let shown = Heard(client.bind(WpPresentation.self).feedback(surface: window.surface))
        window.show(TestPool(client, size: 400).buffer(10, 10, color: 0))
        client.roundTrip()
        fixture.clock.advance(by: 1_000_000_000_000)
        fixture.pump()
        #expect(shown.presented.first?.refresh == .max)
    }

    @Test func commitsThatNobodySawAreDiscarded() {
        let presentation = client.bind(WpPresentation.self)
        let superseded = Heard(presentation.feedback(surface: window.surface))
        window.show(pool.buffer(10, 10, color: 0))
        window.surface.commit()
        client.roundTrip()
        #expect(superseded.discarded == 1)
        fixture.nextFrame()
        #expect(superseded.presented.isEmpty)
        let hidden = client.compositor.createSurface()
        let unseen = Heard(presentation.feedback(surface: hidden))
        hidden.commit()
        fixture.pump()
        fixture.clock.advance(by: HiddenFrames.period)
        fixture.pump()
        #expect(unseen.discarded == 1)
        let destroyed = Heard(presentation.feedback(surface: hidden))
        hidden.destroy()
        client.roundTrip()
        #expect(destroyed.discarded == 1 && client.error == nil)
    }

    @Test func aWaitingCommitLeavesTheShownOnesFeedbackAlone() {
        let presentation = client.bind(WpPresentation.self)
        window.show(pool.buffer(10, 10, color: 0))
        window.moveToCorner()
        let child = SubsurfaceTests.Child(client, of: window.surface)
        let shown = Heard(presentation.feedback(surface: child.surface))
        child.show(1)
        window.surface.commit()
        let waiting = Heard(presentation.feedback(surface: child.surface))
        child.show(2)
        child.show(3)
        fixture.nextFrame()
        #expect(shown.presented.count == 1 && shown.discarded == 0)
        #expect(waiting.discarded == 1)
    }

    // MARK: Scales and outputs

    @Test func scalesOfOutputsAreToldInHundredTwentieths() {
        let fixture = Fixture { $0.outputs = [OutputMode(width: 100, height: 100, scale: 2)] }
        let client = fixture.connect()
        let window = TestWindow(client)
        let manager = client.bind(WpFractionalScaleManagerV1.self)
        var scales: [UInt32] = []
        manager.getFractionalScale(surface: window.surface).onPreferredScale = { scales.append($0) }
        window.show(TestPool(client, size: 400).buffer(10, 10, color: 0))
        fixture.nextFrame()
        #expect(scales == [240])
        manager.getFractionalScale(surface: window.surface)
        client.roundTrip()
        #expect(client.error == "wp_fractional_scale_manager_v1 0")
    }

    @Test(arguments: [UInt32(2), 3])
    func outputsTellWhereTheyAre(version: UInt32) {
        let fixture = Fixture {
            $0.outputs = [OutputMode(width: 300, height: 100), OutputMode(width: 100, height: 60, scale: 2)]
        }
        let client = fixture.connect()
        let registry = client.connection.registry()
        var outputs: [WlOutput] = []
        registry.onGlobal = { [unowned registry] name, interface, version in
            if interface == "wl_output" {
                outputs.append(registry.bind(name: name, as: WlOutput.self, version: version))
            }
        }
        client.roundTrip()
        let manager = client.bind(ZxdgOutputManagerV1.self, version: version)
        var heard: [String] = []
        outputs[1].onDone = { heard.append("wl_output.done") }
        client.roundTrip()
        heard = []
        let output = manager.getXdgOutput(output: outputs[1])
        output.onLogicalPosition = { heard.append("position \($0) \($1)") }
        output.onLogicalSize = { heard.append("size \($0) \($1)") }
        output.onName = { heard.append($0) }
        output.onDone = { heard.append("done") }
        client.roundTrip()
        #expect(heard == ["position 300 0", "size 50 30", "HEADLESS-2", version == 3 ? "wl_output.done" : "done"])
    }

    // MARK: Hints

    @Test func hintsAreKeptWithTheSurface() {
        let types = client.bind(WpContentTypeManagerV1.self)
        let tearing = client.bind(WpTearingControlManagerV1.self)
        let type = types.getSurfaceContentType(surface: window.surface)
        type.setContentType(contentType: .video)
        let control = tearing.getTearingControl(surface: window.surface)
        control.setPresentationHint(hint: .async)
        client.bind(ZwpIdleInhibitManagerV1.self).createInhibitor(surface: window.surface).destroy()
        window.show(pool.buffer(10, 10, color: 0))
        fixture.nextFrame()
        let surface = fixture.compositor.scene.items[0].drawable as! Surface
        #expect("\(surface.current[Setting<ContentType>.self].value!)" == "video")
        #expect("\(surface.current[Setting<TearingHint>.self].value!)" == "async")
        type.destroy()
        control.destroy()
        window.surface.commit()
        client.roundTrip()
        #expect("\(surface.current[Setting<ContentType>.self].value!)" == "none")
        #expect("\(surface.current[Setting<TearingHint>.self].value!)" == "vsync")
        types.getSurfaceContentType(surface: window.surface)
        #expect(client.roundTrip())
        types.getSurfaceContentType(surface: window.surface)
        client.roundTrip()
        #expect(client.error == "wp_content_type_manager_v1 0")
    }

    // MARK: Activation

    @Test func aTokenBringsAWindowToTheFrontOnce() {
        window.show(pool.buffer(10, 10, color: 0))
        let other = TestWindow(fixture.connect())
        other.show(TestPool(other.client, size: 400).buffer(10, 10, color: 0))
        fixture.nextFrame()
        let scene = fixture.compositor.scene
        let firstNode = scene.nodes[0]
        #expect(scene.nodes[1] !== firstNode)
        let activation = client.bind(XdgActivationV1.self)
        // Its window isn't the active one, and nothing was pressed on it.
        let request = activation.getActivationToken()
        request.setAppId(appId: "x")
        request.setSerial(serial: 7, seat: client.seat)
        var token = ""
        request.onDone = { token = $0 }
        request.commit()
        client.roundTrip()
        #expect(token.count > 16)
        activation.activate(token: token, surface: window.surface)
        client.roundTrip()
        #expect(scene.nodes[0] === firstNode)
        let good = other.client.bind(XdgActivationV1.self).getActivationToken()
        good.onDone = { token = $0 }
        good.commit()
        other.client.roundTrip()
        activation.activate(token: "guess", surface: window.surface)
        client.roundTrip()
        #expect(scene.nodes[0] === firstNode)
        activation.activate(token: token, surface: window.surface)
        client.roundTrip()
        #expect(scene.nodes[1] === firstNode)
        #expect(window.configures.last!.states == [4] && other.configures.last!.states == [])
        other.client.bind(XdgActivationV1.self).activate(token: token, surface: other.surface)
        // A letter with as many marks as fit takes long to compare.
        let marks = String(repeating: "\u{301}\u{323}", count: 900)
        for _ in 0..<20 {
            activation.activate(token: marks, surface: window.surface)
            client.roundTrip()
        }
        other.client.roundTrip()
        #expect(scene.nodes[1] === firstNode, "it was used up")
        request.commit()
        client.roundTrip()
        #expect(client.error == "xdg_activation_token_v1 0")
    }
}
