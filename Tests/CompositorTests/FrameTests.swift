@testable import Compositor
import Pixels
import SharedMemory
import Synchronization
import TestSupport
import Testing
import WaylandClient

/// What happens while a frame is being drawn, which can take as long as a client likes.
@Suite(.serialized) struct FrameTests {
    /// Keeps whoever draws it until it is opened.
    private final class Gate: PixelSource {
        private let opened = Semaphore()
        private let entered = Semaphore()
        private let isClosed = Atomic(true)

        var size: Size { Size(width: 1, height: 1) }
        var isOpaque: Bool { true }
        var isShared: Bool { false }

        func draw(
            onto target: inout MutableRawSpan,
            _ targetLayout: PixelLayout,
            placement: Placement,
            clip: Region,
            opaque: Region
        ) -> Bool {
            entered.post()
            if isClosed.load(ordering: .acquiring) { opened.wait() }
            return true
        }

        func waitUntilDrawn() { entered.wait(milliseconds: 10_000) }

        func open() {
            isClosed.store(false, ordering: .releasing)
            opened.post()
        }
    }

    /// Can't be drawn, as memory that can't be mapped.
    private struct Unmappable: PixelSource {
        let size = Size(width: 1, height: 1)
        let isOpaque = true
        let isShared = true

        func draw(
            onto target: inout MutableRawSpan,
            _ targetLayout: PixelLayout,
            placement: Placement,
            clip: Region,
            opaque: Region
        ) -> Bool { false }
    }

    /// Something that has other pixels once it turned out that those before can't be drawn.
    private final class Replaced: SurfaceContent {
        override func wasDrawn(_ trouble: DrawingTrouble) {
            if trouble.isUnmappable { becomeReady(SolidColor(0x12_34_56)) }
        }
    }

    private final class Still: Drawable, SceneNode {
        let layer = SceneLayer.cursor
        var items: [PlacedItem] { [PlacedItem(self, at: Point(x: 199, y: 99))] }

        init(_ source: any PixelSource) {
            super.init(Appearance(content: SurfaceContent(source), size: source.size))
        }

        init(_ content: SurfaceContent) {
            super.init(Appearance(content: content, size: content.size))
        }
    }

    private let fixture = Fixture { $0.drawsAlways = true }
    private let client: TestClient
    private let pool: TestPool
    private let window: TestWindow
    private let gate = Gate()
    private let presentation: WpPresentation
    /// Events of interest, in their order.
    private let heard = Log()

    private final class Log {
        var events: [String] = []
    }

    init() {
        client = fixture.connect()
        pool = TestPool(client, size: 8_192)
        window = TestWindow(client)
        presentation = client.bind(WpPresentation.self)
        window.show(pool.buffer(10, 10, color: 0xff0000))
        window.moveToCorner()
        fixture.nextFrame()
    }

    /// Commits, and has that drawn up to the gate.
    private func beginFrame(_ buffer: WlBuffer) {
        buffer.onRelease = { [heard] in heard.events.append("release") }
        let feedback = presentation.feedback(surface: window.surface)
        feedback.onPresented = { [heard] _, _, _, _, _, _, _ in heard.events.append("presented") }
        feedback.onDiscarded = { [heard] in heard.events.append("discarded") }
        window.surface.frame().onDone = { [heard] _ in heard.events.append("done") }
        window.show(buffer)
        client.roundTrip()
        fixture.compositor.scene.insert(Still(gate))
        fixture.waitsForFrames = false
        fixture.nextFrame()
        gate.waitUntilDrawn()
        fixture.pump()
    }

    private func endFrame() {
        gate.open()
        fixture.waitsForFrames = true
        fixture.pump()
    }

    @Test func `a buffer is kept while it is drawn, and its frame is shown then`() {
        beginFrame(pool.buffer(10, 10, color: 0x00ff00))
        #expect(fixture.output.frames.isDrawing && heard.events == ["done"])
        // Requests are served, and another buffer takes its place.
        window.show(pool.buffer(10, 10, color: 0x0000ff, at: 4_096))
        client.roundTrip()
        fixture.nextFrame()
        #expect(heard.events == ["done"])
        endFrame()
        #expect(heard.events == ["done", "presented", "release"])
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x0000ff)
    }

    @Test func `a frame that lacks something isn't shown, and drawn again with what took its place`() {
        let feedback = presentation.feedback(surface: window.surface)
        var presented = 0
        feedback.onPresented = { _, _, _, _, _, _, _ in presented += 1 }
        window.show(pool.buffer(10, 10, color: 0x00ff00))
        client.roundTrip()
        fixture.compositor.scene.insert(Still(Replaced(Unmappable())))
        fixture.nextFrame()
        client.roundTrip()
        #expect(fixture.output.frames.newest == nil && presented == 0)
        fixture.nextFrame()
        client.roundTrip()
        #expect(presented == 1)
        #expect(fixture.pixel(199, 99) == 0x12_34_56)
        #expect(fixture.pixel(5, 5) == 0x00ff00)
    }

    @Test func `a buffer is kept also where its memory is read meanwhile`() throws {
        beginFrame(pool.buffer(10, 10, color: 0x00ff00))
        let surface = try #require(fixture.compositor.scene.items.first?.drawable as? Surface)
        // As if it had made a frame before wait for long.
        surface.current.content?.wasDrawn(DrawingTrouble(sleep: 1_000_000_000))
        for _ in 0..<100 where surface.current.content?.source?.isShared == true {
            fixture.pump()
            fixture.compositor.dispatch(timeout: 10)
        }
        #expect(surface.current.content?.source?.isShared == false)
        client.roundTrip()
        #expect(heard.events == ["done"])
        endFrame()
        #expect(heard.events == ["done", "presented", "release"])
    }

    @Test(arguments: ["scale", "mode", "there and back"])
    func `what was drawn for another state is drawn anew`(what: String) throws {
        let reader = fixture.connect()
        let session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        beginFrame(pool.buffer(10, 10, color: 0x00ff00))
        let frame = ReaderFrame(session)
        reader.roundTrip()
        let output = fixture.output
        switch what {
        case "scale": try fixture.compositor.changeOutput(output) { $0.mode.scale = 2 }
        case "mode": try fixture.compositor.changeOutput(output) { $0.mode.width = 150 }
        default:
            try fixture.compositor.changeOutput(output) { $0.mode.width = 150 }
            try fixture.compositor.changeOutput(output) { $0.mode.width = 200 }
        }
        endFrame()
        if what != "there and back" {
            #expect(heard.events == ["done"] && !frame.isReady)
        }
        fixture.nextFrame()
        #expect(heard.events == ["done", "presented"] && frame.isReady)
        #expect(frame.layout.0 == UInt32(output.mode.width))
        #expect(frame.pixel(output.mode.scale == 2 ? 19 : 9, 0) == 0x00ff00)
    }

    @Test(arguments: ["output", "client", "surface"])
    func `what is drawn may go meanwhile`(what: String) {
        let another = fixture.compositor.addOutput(OutputMode(width: 10, height: 10))
        beginFrame(pool.buffer(10, 10, color: 0x00ff00))
        switch what {
        case "output": fixture.compositor.removeOutput(fixture.output)
        case "client": fixture.disconnect(client)
        default: window.toplevel.destroy()
        }
        fixture.pump()
        endFrame()
        fixture.nextFrame()
        if what == "output" {
            #expect(heard.events.filter { $0 != "release" } == ["done", "discarded"])
            #expect(fixture.compositor.outputs.first === another)
        }
        let areDrawing = fixture.compositor.outputs.map(\.frames.isDrawing)
        #expect(!areDrawing.contains(true))
        #expect(!fixture.compositor.isWaitingForLanes)
    }

    @Test func `no timer runs while a frame that nobody waits for any more takes long`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let gate = Gate()
        fixture.compositor.scene.insert(Still(gate))
        let frame = ReaderFrame(client.bind(SignetSealedFrameManagerV1.self).createSession(output: client.output))
        fixture.waitsForFrames = false
        fixture.nextFrame()
        gate.waitUntilDrawn()
        frame.proxy.destroy()
        client.roundTrip()
        for _ in 0..<3 {
            fixture.clock.advance(by: 1_000_000_000)
            fixture.pump()
        }
        #expect(fixture.output.frames.isDrawing && fixture.clock.armedCount <= 1)
        gate.open()
        fixture.waitsForFrames = true
        fixture.pump()
        fixture.clock.advance(by: 1_000_000_000)
        fixture.pump()
        #expect(fixture.output.frames.newest == nil && fixture.clock.armedCount == 0)
    }

    @Test func `clients go on when a frame takes very long`() {
        beginFrame(pool.buffer(10, 10, color: 0x00ff00))
        for count in 1...10 {
            window.surface.frame().onDone = { [heard] _ in heard.events.append("later") }
            window.surface.commit()
            client.roundTrip()
            fixture.nextFrame()
            // Five refreshes are a tenth of a second.
            #expect(heard.events.count { $0 == "later" } == (count > 5 ? count : 0), "\(count)")
        }
        endFrame()
    }
}
