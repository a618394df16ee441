@testable import Compositor
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// A reader never waits in vain: for memory that isn't there, an output that is gone, or frames that others hold.
@Suite(.serialized) struct CaptureFailureTests {
    let fixture = Fixture { settings in
        let mode = OutputMode(width: 200, height: 100, refresh: 50_000)
        settings.outputs = [mode, mode]
        settings.limits.copiedBytes = 250_000
    }
    /// One that is drawn also where nobody looks.
    let drawing = Fixture { $0.drawsAlways = true }
    let reader: TestClient
    let client: TestClient
    let window: TestWindow
    let pool: TestPool

    init() {
        reader = fixture.connect()
        client = fixture.connect()
        pool = TestPool(client, size: 400)
        window = TestWindow(client)
    }

    private func makeSession() -> SignetSealedFrameSessionV1 {
        reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
    }

    private func paint(_ color: UInt32) {
        window.show(pool.buffer(10, 10, color: color))
    }

    private func withoutMemory(_ body: () -> Void) {
        // More often than anything asks.
        let faults = InjectedFaults(["memfd_create": Array(repeating: .noMemory, count: 100)])
        InjectedFaults.$current.withValue(faults, operation: body)
    }

    @Test func `a first frame that can't be made is failed at once, and can be asked for again`() {
        let session = makeSession()
        var frame: ReaderFrame?
        withoutMemory {
            frame = ReaderFrame(session)
            fixture.nextFrame()
        }
        #expect(frame?.failure == .noMemory)
        let second = ReaderFrame(session)
        fixture.nextFrame()
        #expect(second.isReady && second.failure == nil)
    }

    @Test func `a frame that can't be made is drawn at the next tick that has memory`() {
        withoutMemory {
            drawing.nextFrame()
            drawing.nextFrame()
            #expect(drawing.output.frames.newest == nil)
        }
        // Nothing but the clock asks for it.
        drawing.nextFrame()
        #expect(drawing.output.frames.newest != nil && drawing.output.frames.isDamaged == false)
    }

    @Test func `what couldn't be drawn isn't said to be presented`() {
        let feedback = client.bind(WpPresentation.self).feedback(surface: window.surface)
        var events: [String] = []
        feedback.onPresented = { _, _, _, _, _, _, _ in events.append("presented") }
        feedback.onDiscarded = { events.append("discarded") }
        window.surface.frame().onDone = { _ in events.append("frame") }
        let frame = ReaderFrame(makeSession())
        withoutMemory {
            paint(0xff0000)
            fixture.nextFrame()
        }
        #expect(events == ["frame"], "it may go on drawing")
        #expect(frame.failure == .noMemory)
        fixture.nextFrame()
        #expect(events == ["frame", "presented"])
    }

    @Test func `a later frame that can't be made is failed too`() {
        let session = makeSession()
        let first = ReaderFrame(session)
        fixture.nextFrame()
        #expect(first.isReady)
        let second = ReaderFrame(session)
        withoutMemory {
            // The only buffer is held.
            paint(0xff0000)
            fixture.nextFrame()
        }
        #expect(second.failure == .noMemory)
        let third = ReaderFrame(session)
        fixture.nextFrame()
        #expect(third.isReady)
    }

    @Test func `an older frame isn't sent in place of one that can't be made`() {
        let holder = ReaderFrame(makeSession())
        fixture.nextFrame()
        let session = makeSession()
        var frame: ReaderFrame?
        withoutMemory {
            paint(0xff0000)
            client.roundTrip()
            frame = ReaderFrame(session)
            fixture.nextFrame()
        }
        #expect(holder.isReady)
        #expect(frame?.isReady == false && frame?.failure == .noMemory)
    }

    @Test func `an unanswered frame of a session that ends is failed`() {
        let session = makeSession()
        let first = ReaderFrame(session)
        fixture.nextFrame()
        let second = ReaderFrame(session)
        reader.roundTrip()
        session.destroy()
        reader.roundTrip()
        #expect(first.isReady && second.failure == .stopped)
    }

    @Test func `a draw that goes on failing is tried once a second`() {
        withoutMemory { for _ in 0..<10 { drawing.nextFrame() } }
        drawing.nextFrame()
        #expect(drawing.output.frames.newest == nil)
        drawing.clock.advance(by: 1_000_000_000)
        drawing.pump()
        #expect(drawing.output.frames.newest != nil)
    }

    @Test func `r11 an unanswered frame is failed before the session is stopped`() {
        let session = makeSession()
        let first = ReaderFrame(session)
        fixture.nextFrame()
        var order: [String] = []
        let second = session.nextFrame()
        second.onFailed = { order.append("failed \($0)") }
        session.onStopped = { order.append("stopped") }
        reader.roundTrip()
        #expect(order.isEmpty && first.isReady)
        fixture.compositor.removeOutput(fixture.output)
        reader.roundTrip()
        #expect(order == ["failed stopped", "stopped"])
        // Each one that is asked for afterwards is, too.
        session.nextFrame().onFailed = { order.append("then \($0)") }
        reader.roundTrip()
        #expect(order.last == "then stopped")
        #expect(first.pixel(1, 1) != 0, "what is held stays")
    }

    @Test func `r3 a session of an output that is gone is stopped, and its frames are failed`() {
        let output = reader.output
        let manager = reader.bind(SignetSealedFrameManagerV1.self)
        fixture.compositor.removeOutput(fixture.output)
        let session = manager.createSession(output: output)
        var isStopped = false
        session.onStopped = { isStopped = true }
        let frame = ReaderFrame(session)
        reader.roundTrip()
        #expect(isStopped && frame.failure == .stopped)
        session.destroy()
        #expect(reader.roundTrip())
    }

    @Test func `r10 no number of sessions keeps an output from drawing`() {
        var held: [ReaderFrame] = []
        let sessions = (0..<17).map { _ in makeSession() }
        var color: UInt32 = 0
        func next(_ session: SignetSealedFrameSessionV1) -> ReaderFrame {
            color += 1
            paint(color)
            fixture.nextFrame()
            let frame = ReaderFrame(session)
            reader.roundTrip()
            return frame
        }
        for _ in 0..<3 { for session in sessions { held.append(next(session)) } }
        // What is beyond the output's budget is charged to the reader, who can pay for three pictures of 80,000 bytes.
        #expect(held.count { $0.isReady } == 8 + 3 && held.count { $0.failure == .noMemory } == 17 * 3 - 8 - 3)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 240_000)
        let feedback = client.bind(WpPresentation.self).feedback(surface: window.surface)
        var isPresented = false
        feedback.onPresented = { _, _, _, _, _, _, _ in isPresented = true }
        paint(0xabcdef)
        fixture.nextFrame()
        #expect(isPresented)
        // What a session has seen makes room when it ends.
        fixture.disconnect(reader)
        paint(0xfedcba)
        fixture.nextFrame()
        #expect(fixture.pixel(0, 0) == DrawList.background)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }

    @Test func `what nobody holds any more goes, however long it was held`() {
        let ring = { (self.fixture.output.driver as! HeadlessDriver).ring }
        let session = makeSession()
        var held: [ReaderFrame] = []
        for color: UInt32 in 1...3 {
            held.append(ReaderFrame(session))
            paint(color)
            fixture.nextFrame()
        }
        session.destroy()
        reader.roundTrip()
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(ring().buffers.count == 3)
        for frame in held { frame.proxy.destroy() }
        reader.roundTrip()
        fixture.clock.advance(by: 1)
        fixture.pump()
        #expect(ring().buffers.isEmpty && fixture.clock.armedCount == 0)
    }

    @Test func `r8 no failed frame makes room for a fourth`() {
        let session = makeSession()
        var failed: ReaderFrame?
        withoutMemory {
            failed = ReaderFrame(session)
            fixture.nextFrame()
        }
        #expect(failed?.failure == .noMemory)
        var held: [ReaderFrame] = []
        for color: UInt32 in 1...4 {
            held.append(ReaderFrame(session))
            paint(color)
            fixture.nextFrame()
        }
        failed?.proxy.destroy()
        reader.roundTrip()
        fixture.nextFrame()
        #expect(held.count { $0.isReady } == 3)
    }

    @Test func `a buffer that a reader pays for becomes free for nobody`() {
        var held: [ReaderFrame] = []
        func next() -> ReaderFrame {
            let frame = ReaderFrame(makeSession())
            fixture.nextFrame()
            #expect(frame.isReady)
            return frame
        }
        for color: UInt32 in 1...8 {
            paint(color)
            held.append(next())
        }
        func paid() -> Int { fixture.compositor.ledger.usage(of: .copiedBytes) / 80_000 }
        #expect(paid() == 0)
        paint(9)
        let first = next()
        let second = next()
        #expect(paid() == 2)
        first.proxy.destroy()
        reader.roundTrip()
        #expect(paid() == 1 && second.isReady)
    }

    @Test func `feedback comes also where the next try is long in coming`() {
        let session = makeSession()
        withoutMemory {
            for color: UInt32 in 1...6 {
                paint(color)
                let frame = ReaderFrame(session)
                fixture.nextFrame()
                #expect(frame.failure == .noMemory)
            }
            let feedback = client.bind(WpPresentation.self).feedback(surface: window.surface)
            var events: [String] = []
            feedback.onPresented = { _, _, _, _, _, _, _ in events.append("presented") }
            paint(7)
            client.roundTrip()
            let frame = ReaderFrame(session)
            fixture.nextFrame()
            #expect(frame.failure == .noMemory && events.isEmpty)
            fixture.clock.advance(by: 1_100_000_000)
            fixture.pump()
            #expect(events == ["presented"])
        }
    }

    @Test func `readers that hold all they can don't stop others' frames`() {
        let holders = [makeSession(), makeSession()]
        var held: [ReaderFrame] = []
        for color: UInt32 in 1...3 {
            paint(color)
            fixture.nextFrame()
            for session in holders {
                held.append(ReaderFrame(session))
                reader.roundTrip()
            }
        }
        #expect(held.count == 6 && held.allSatisfy { $0.isReady })
        let session = makeSession()
        for color: UInt32 in 4...9 {
            let frame = ReaderFrame(session)
            paint(color)
            fixture.nextFrame()
            #expect(frame.isReady)
            frame.proxy.destroy()
        }
    }
}
