import CLinux
@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// sealed-frame-v1, rule by rule.
@Suite(.serialized) struct CaptureTests {
    let fixture = Fixture()
    let client: TestClient
    let reader: TestClient
    let window: TestWindow
    let pool: TestPool

    init() {
        client = fixture.connect()
        reader = fixture.connect()
        pool = TestPool(client, size: 800)
        window = TestWindow(client)
        window.show(pool.buffer(10, 10, color: 0xff0000))
        window.moveToCorner()
        fixture.nextFrame()
    }

    private func makeSession() -> SignetSealedFrameSessionV1 {
        reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
    }

    private func paint(_ color: UInt32) {
        TestFile.write([UInt32](repeating: color, count: 100), to: pool.file)
        window.surface.damage(x: 0, y: 0, width: 10, height: 10)
        window.surface.commit()
    }

    @Test func r6TheFirstFrameOfAnIdleOutputComesAtOnce() {
        let frame = ReaderFrame(makeSession())
        reader.roundTrip()
        #expect(frame.isReady)
        #expect(frame.layout == (200, 100, 800, 0x3432_5258))
        #expect(frame.pixel(5, 5) == 0xff0000)
        #expect(frame.pixel(50, 50) == DrawList.background)
    }

    @Test func r6TheFirstFrameShowsWhatWasCommittedBefore() {
        let session = makeSession()
        paint(0x00ff00)
        client.roundTrip()
        let frame = ReaderFrame(session)
        reader.roundTrip()
        fixture.nextFrame()
        #expect(frame.isReady)
        #expect(frame.pixel(5, 5) == 0x00ff00)
    }

    @Test func r7LaterFramesAreNewerThanTheLast() {
        let session = makeSession()
        let first = ReaderFrame(session)
        reader.roundTrip()
        let second = ReaderFrame(session)
        fixture.nextFrame()
        #expect(!second.isReady)
        paint(0x00ff00)
        fixture.nextFrame()
        #expect(second.isReady)
        #expect(second.pixel(5, 5) == 0x00ff00)
        #expect(first.pixel(5, 5) == 0xff0000)
    }

    @Test func r7AFrameThatCameMeanwhileIsSentAtOnce() {
        let session = makeSession()
        let first = ReaderFrame(session)
        reader.roundTrip()
        paint(0x00ff00)
        fixture.nextFrame()
        let second = ReaderFrame(session)
        reader.roundTrip()
        #expect(first.isReady && second.isReady)
    }

    @Test func r8ThreeFramesCanBeHeld() {
        let session = makeSession()
        var frames: [ReaderFrame] = []
        for color: UInt32 in [1, 2, 3] {
            frames.append(ReaderFrame(session))
            paint(color)
            fixture.nextFrame()
        }
        #expect(frames.allSatisfy { $0.isReady })
        let fourth = ReaderFrame(session)
        paint(4)
        fixture.nextFrame()
        #expect(!fourth.isReady)
        frames.removeFirst().proxy.destroy()
        fixture.nextFrame()
        #expect(fourth.isReady)
        #expect(fourth.pixel(5, 5) == 4)
    }

    @Test func r9TwoUnansweredRequestsAreAnError() {
        let session = makeSession()
        let first = ReaderFrame(session)
        reader.roundTrip()
        session.nextFrame()
        session.nextFrame()
        reader.roundTrip()
        #expect(first.isReady)
        #expect(reader.error == "signet_sealed_frame_session_v1 1")
        #expect(client.roundTrip())
    }

    @Test func r10ASlowReaderMissesFramesAndStopsNobody() {
        let sessions = [makeSession(), makeSession()]
        var held: [ReaderFrame] = []
        var shown = 0
        for color: UInt32 in 1...20 {
            for session in sessions where held.count < 6 {
                held.append(ReaderFrame(session))
                reader.roundTrip()
            }
            window.surface.frame().onDone = { _ in shown += 1 }
            paint(color)
            fixture.nextFrame()
        }
        #expect(shown == 20)
        // Each frame still shows what it showed when it came.
        let colors = held.map { $0.pixel(5, 5) }
        fixture.nextFrame()
        #expect(held.map { $0.pixel(5, 5) } == colors)
        for frame in held { frame.proxy.destroy() }
        fixture.nextFrame()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 20)
    }

    @Test func r13AHeldFrameIsntDrawnInto() {
        let frame = ReaderFrame(makeSession())
        reader.roundTrip()
        for color: UInt32 in 1...5 {
            paint(color)
            fixture.nextFrame()
            #expect(frame.pixel(5, 5) == 0xff0000)
        }
    }

    @Test func r14TheMemoryIsSealed() throws {
        let frame = ReaderFrame(makeSession())
        reader.roundTrip()
        #expect(frame.kind == .sealed)
        let descriptor = try frame.memory!.descriptor.duplicate()
        let seals = try descriptor.seals()
        #expect(seals?.isSuperset(of: [.shrink, .grow, .futureWrite, .seal]) == true)
        #expect(unsafe pwrite(descriptor.rawValue, "x", 1, 0) == -1)
        #expect(ftruncate(descriptor.rawValue, 0) == -1)
        #expect(ftruncate(descriptor.rawValue, 1 << 20) == -1)
        let punchHole = SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE
        #expect(fallocate(descriptor.rawValue, punchHole, 0, 4_096) == -1)
        let writable: SystemError?
        do throws(SystemError) {
            _ = try WritableMapping(descriptor, length: 4_096)
            writable = nil
        } catch {
            writable = error
        }
        #expect(writable?.errno == .notPermitted)
        let mapping = try ReadOnlyMapping(descriptor, length: 80_000)
        let firstByte = mapping.withBytes(in: 0..<4) { unsafe $0.unsafeLoad(as: UInt8.self) }
        // The top left pixel's blue.
        #expect(firstByte == 0)
    }

    @Test func r4ABufferIsntUsedAfterItsSession() {
        let session = makeSession()
        let frame = ReaderFrame(session)
        reader.roundTrip()
        frame.proxy.destroy()
        session.destroy()
        reader.roundTrip()
        // The reader kept the descriptor, and with it the memory.
        for color: UInt32 in 1...5 {
            paint(color)
            fixture.nextFrame()
        }
        #expect(frame.pixel(5, 5) == 0xff0000)
    }

    @Test func r5AFrameOutlivesItsSession() {
        let session = makeSession()
        let frame = ReaderFrame(session)
        reader.roundTrip()
        session.destroy()
        paint(0x00ff00)
        fixture.nextFrame()
        #expect(frame.pixel(5, 5) == 0xff0000)
        frame.proxy.destroy()
        #expect(reader.roundTrip())
    }

    @Test func r17AnAwaitedFrameCanBeWithdrawn() {
        let session = makeSession()
        let first = ReaderFrame(session)
        reader.roundTrip()
        let second = ReaderFrame(session)
        second.proxy.destroy()
        let third = ReaderFrame(session)
        paint(0x00ff00)
        fixture.nextFrame()
        #expect(first.isReady && third.isReady && !second.isReady)
    }

    @Test func r19DamageCoversWhatChangedSinceTheSessionsLastReaderFrame() {
        let session = makeSession()
        let first = ReaderFrame(session)
        reader.roundTrip()
        #expect(first.damage == [Rectangle(x: 0, y: 0, width: 200, height: 100)])
        window.surface.damage(x: 0, y: 0, width: 2, height: 2)
        window.surface.commit()
        fixture.nextFrame()
        window.surface.damage(x: 8, y: 8, width: 2, height: 2)
        window.surface.commit()
        fixture.nextFrame()
        let second = ReaderFrame(session)
        reader.roundTrip()
        #expect(
            second.damage == [
                Rectangle(x: 0, y: 0, width: 2, height: 2), Rectangle(x: 8, y: 8, width: 2, height: 2),
            ]
        )
    }

    /// A client that says that everything has changed, where little has: damage is what differs, in whole rows, also
    /// where the buffer that is drawn into is older than the newest frame.
    @Test func damageIsWhatDiffers() throws {
        let large = Fixture { $0.outputs = [OutputMode(width: 400, height: 300, refresh: 50_000)] }
        let client = large.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 8 * 480_000)
        var count = 0
        func show(markedAt row: Int?) {
            window.show(
                pool.buffer(400, 300, at: count % 8 * 480_000) { x, y in
                    y == row && x == 7 ? 0xffffff : UInt32(x ^ y)
                }
            )
            count += 1
            client.roundTrip()
            large.nextFrame()
        }
        show(markedAt: nil)
        window.moveToCorner()
        large.nextFrame()
        let reader = large.connect()
        let session = reader.bind(SignetSealedFrameManagerV1.self).createSession(output: reader.output)
        var frames: [ReaderFrame] = []
        func next(markedAt row: Int?) -> ReaderFrame {
            show(markedAt: row)
            let frame = ReaderFrame(session)
            reader.roundTrip()
            #expect(frame.isReady)
            for y in 0..<300 {
                #expect(frame.pixel(7, y) == (y == row ? 0xffffff : UInt32(7 ^ y)))
            }
            // Two are held by turns, so that each buffer is older than the newest frame.
            frames.append(frame)
            if frames.count > 1 { frames.removeFirst().proxy.destroy() }
            reader.roundTrip()
            return frame
        }
        func rows(_ rows: Int...) -> [Rectangle] { rows.map { Rectangle(x: 0, y: $0, width: 400, height: 1) } }
        #expect(next(markedAt: 100).damage == [Rectangle(x: 0, y: 0, width: 400, height: 300)])
        #expect(next(markedAt: 100).damage.isEmpty)
        #expect(next(markedAt: 200).damage == rows(100, 200))
        #expect(next(markedAt: 50).damage == rows(50, 200))
        #expect(next(markedAt: nil).damage == rows(50))
        #expect(next(markedAt: nil).damage.isEmpty)
        // What is in front of it, and changes, isn't taken for the same.
        let front = TestWindow(client)
        let shade = TestPool(client, size: 1_600)
        front.show(shade.buffer(20, 20, color: 0x8000_0000, format: .argb8888))
        front.moveToCorner()
        show(markedAt: nil)
        #expect(large.pixel(10, 10) == 0 && large.pixel(15, 1) == UInt32(15 ^ 1) / 2 && large.pixel(30, 1) == 30 ^ 1)
    }

    @Test func aReaderThatLeavesGivesEverythingBack() {
        let descriptors = openDescriptorCount()
        do {
            let session = makeSession()
            var frames: [ReaderFrame] = []
            for color: UInt32 in [1, 2, 3] {
                frames.append(ReaderFrame(session))
                paint(color)
                fixture.nextFrame()
            }
        }
        fixture.disconnect(reader)
        paint(5)
        fixture.nextFrame()
        fixture.clock.advance(by: 1_000_000_000)
        fixture.pump()
        // Less the reader's two ends of the socket and its epoll, plus nothing.
        #expect(openDescriptorCount() < descriptors)
        #expect((fixture.output.driver as! HeadlessDriver).ring.buffers.isEmpty)
        #expect(fixture.pixel(5, 5) == 5)
    }

    @Test func framesCanBeCapturedOfEveryOutputScale() {
        let fixture = Fixture { $0.outputs = [OutputMode(width: 100, height: 60, refresh: 50_000, scale: 2)] }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(19, 19) == 0xff0000)
        #expect(fixture.pixel(20, 19) == DrawList.background)
        // A buffer of the output's own scale goes pixel by pixel.
        window.surface.setBufferScale(scale: 2)
        window.show(TestPool(client, size: 400).buffer(10, 10) { x, y in UInt32(x << 8 | y) })
        fixture.nextFrame()
        #expect(fixture.pixel(3, 7) == 0x000307)
        #expect(fixture.pixel(9, 9) == 0x000909)
        #expect(fixture.pixel(10, 9) == DrawList.background)
    }
}
