@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient

/// An output draws while somebody waits for a frame, and otherwise never; clients can't tell.
@Suite(.serialized) struct WatchTests {
    /// A client that changes things, and what it hears.
    private final class Play {
        let fixture: Fixture
        private let client: TestClient
        private let pool: TestPool
        private let windows: [TestWindow]
        private let child: WlSurface
        private let place: WlSubsurface
        private let presentation: WpPresentation
        private var count = 0
        private(set) var heard: [String] = []

        init(isWatched: Bool) {
            fixture = Fixture()
            if isWatched { fixture.watch(fixture.output) }
            client = fixture.connect()
            pool = TestPool(client, size: 4 << 20)
            let client = client
            windows = (0..<3).map { _ in TestWindow(client) }
            child = client.compositor.createSurface()
            place = client.subcompositor.getSubsurface(surface: child, parent: windows[0].surface)
            presentation = client.bind(WpPresentation.self)
            for window in windows { window.show(buffer(1)) }
            fixture.nextFrame()
        }

        private func buffer(_ seed: Int) -> WlBuffer {
            let place = count % 256 * 16_384
            count += 1
            let buffer = pool.buffer(60, 60, color: UInt32(seed * 2_654_435 & 0xff_ffff), at: place)
            let number = count
            buffer.onRelease = { [unowned self] in heard.append("release \(number)") }
            return buffer
        }

        /// One thing more, as `choice` says.
        func step(_ choice: Int, _ seed: Int) {
            let window = windows[seed % windows.count]
            let surface = window.surface
            switch choice {
            case 0: window.show(buffer(seed))
            case 1:
                let number = count
                surface.frame().onDone = { [unowned self] _ in heard.append("done \(number)") }
                surface.commit()
            case 2:
                let number = count
                let feedback = presentation.feedback(surface: surface)
                feedback.onPresented = { [unowned self] _, _, _, _, _, _, _ in heard.append("presented \(number)") }
                feedback.onDiscarded = { [unowned self] in heard.append("discarded \(number)") }
                window.show(buffer(seed))
            case 3:
                surface.attach(buffer: buffer(seed), x: 0, y: 0)
                // In two parts, as what isn't damaged would have to be the same.
                surface.damage(x: 0, y: 0, width: 60, height: Int32(seed % 60))
                surface.damage(x: 0, y: Int32(seed % 60), width: 60, height: 60)
                surface.commit()
            case 4:
                child.attach(buffer: seed % 3 == 0 ? nil : buffer(seed), x: 0, y: 0)
                child.damage(x: 0, y: 0, width: 60, height: 60)
                child.commit()
                place.setPosition(x: Int32(seed % 50), y: Int32(seed % 20))
                windows[0].surface.commit()
            case 5:
                surface.setBufferScale(scale: Int32(1 + seed % 2))
                window.show(buffer(seed))
            default: fixture.nextFrame()
            }
            client.roundTrip()
        }

        /// A whole window of one colour for each, so that what is left out shows.
        func finish() {
            for seed in 1...4 {
                step(2, seed)
                step(6, 0)
            }
        }
    }

    @Test(arguments: 1...3)
    func `what clients hear and readers see is the same`(seed: Int) {
        var generator = Randomness(seed: UInt64(seed))
        let (watched, unwatched) = (Play(isWatched: true), Play(isWatched: false))
        for step in 0..<120 {
            let (choice, seed) = (Int(generator.next() % 9), Int(generator.next() % 1_000))
            watched.step(choice, seed)
            unwatched.step(choice, seed)
            guard step % 17 == 0 else { continue }
            watched.step(6, 0)
            unwatched.step(6, 0)
            #expect(watched.fixture.picture() == unwatched.fixture.picture(), "after \(step) steps")
        }
        watched.finish()
        unwatched.finish()
        #expect(watched.heard == unwatched.heard)
        #expect(watched.fixture.picture() == unwatched.fixture.picture())
    }

    @Test func `nothing is drawn that nobody waits for`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 400)
        var shown = 0
        for color: UInt32 in 1...5 {
            window.surface.frame().onDone = { _ in shown += 1 }
            window.show(pool.buffer(10, 10, color: color))
            if color == 1 { window.moveToCorner() }
            fixture.nextFrame()
        }
        #expect(shown == 5 && fixture.output.frames.newest == nil)
        // What was latched is drawn at once.
        let now = fixture.clock.now
        let reader = fixture.connect()
        let session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        let frame = ReaderFrame(session)
        reader.roundTrip()
        #expect(frame.isReady && fixture.clock.now == now && frame.pixel(5, 5) == 5)
        // Once it is given back, and a second has passed, there is no buffer, and no timer.
        frame.proxy.destroy()
        window.show(pool.buffer(10, 10, color: 6))
        fixture.nextFrame()
        for _ in 0..<2 {
            fixture.clock.advance(by: 1_000_000_000)
            fixture.pump()
        }
        #expect(fixture.output.frames.newest == nil && fixture.clock.armedCount == 0)
        let next = ReaderFrame(session)
        reader.roundTrip()
        #expect(next.isReady && next.pixel(5, 5) == 6)
    }

    @Test func `one frame is drawn for all who wait`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 400)
        let manager = client.bind(SignetSealedFrameManagerV1.self)
        let frames = (0..<20).map { _ in ReaderFrame(manager.createSession(output: client.output)) }
        window.show(pool.buffer(10, 10, color: 1))
        fixture.nextFrame()
        #expect(frames.allSatisfy { $0.isReady })
        #expect(fixture.output.frames.newest?.frame == 1)
    }

    @Test func `requests that are too many fail at once`() {
        let fixture = Fixture { $0.limits.frames = 10 }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedFrameManagerV1.self)
        let frames = (0..<100).map { _ in ReaderFrame(manager.createSession(output: client.output)) }
        client.roundTrip()
        #expect(frames.count { $0.failure == .noMemory } == 90)
        fixture.nextFrame()
        #expect(frames.count { $0.isReady } == 10)
        for frame in frames { frame.proxy.destroy() }
        client.roundTrip()
        #expect(fixture.compositor.ledger.usage(of: .frames) == 0)
    }

    @Test func `memory that nobody looks at isn't mapped`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let pool = TestPool(client, size: 65_536)
        let before = mappingCount(named: "signet-test")
        let window = TestWindow(client)
        window.show(pool.buffer(60, 60, color: 0xff0000))
        fixture.nextFrame()
        client.roundTrip()
        #expect(mappingCount(named: "signet-test") == before)
        window.moveToCorner()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        #expect(mappingCount(named: "signet-test") == before + 1)
    }
}
