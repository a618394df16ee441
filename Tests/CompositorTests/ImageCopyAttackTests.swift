@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// What clients do to each other's captures, and to the compositor through them.
@Suite(.serialized) struct ImageCopyAttackTests {
    let fixture: Fixture
    let client: TestClient
    let window: TestWindow
    let pool: TestPool
    let reader: TestClient
    let manager: ExtImageCopyCaptureManagerV1

    init() {
        fixture = Fixture()
        client = fixture.connect()
        pool = TestPool(client, size: 400_000)
        window = TestWindow(client)
        window.show(pool.buffer(20, 20, color: 1))
        window.moveToCorner()
        fixture.nextFrame()
        reader = fixture.connect()
        manager = reader.bind(ExtImageCopyCaptureManagerV1.self)
    }

    private var node: Window { fixture.compositor.windows.windows[0] }

    private func windowSource() -> ExtImageCaptureSourceV1 {
        let list = WindowEar(reader)
        let handle = list.windows[0].proxy
        return reader.bind(ExtForeignToplevelImageCaptureSourceManagerV1.self).createSource(toplevelHandle: handle)
    }

    private func outputSource(_ reader: TestClient) -> ExtImageCaptureSourceV1 {
        reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output)
    }

    private func session(
        of source: ExtImageCaptureSourceV1,
        _ options: ExtImageCopyCaptureManagerV1.Options = []
    ) -> ImageCopySessionClient {
        let session = ImageCopySessionClient(manager.createSession(source: source, options: options))
        reader.roundTrip()
        return session
    }

    private func target(_ size: Size) -> (target: CopyTarget, buffer: WlBuffer) {
        let byteCount = max(4, size.width * size.height * 4)
        let target = CopyTarget(reader, TestFile.memfd(byteCount, seals: .shrink), size: byteCount)
        return (target, target.buffer(size.width, size.height))
    }

    /// Asks for a frame, and lets some refreshes pass.
    @discardableResult
    private func capture(
        _ session: ImageCopySessionClient,
        into buffer: WlBuffer,
        stale: [Rectangle] = [Rectangle(x: 0, y: 0, width: 9_999, height: 9_999)]
    ) -> ImageCopy {
        let copy = session.frame()
        copy.capture(into: buffer, stale: stale)
        for _ in 0..<4 where !copy.isAnswered { fixture.nextFrame() }
        return copy
    }

    /// What a session's next frame shows, all of it.
    private func picture(_ session: ImageCopySessionClient) -> [[UInt32]]? {
        let (target, buffer) = target(session.size)
        let copy = capture(session, into: buffer)
        defer { copy.proxy.destroy() }
        return copy.isReady ? target.picture(session.size) : nil
    }

    // MARK: What it costs

    @Test func `a window that grows while it is captured has nothing drawn that nobody pays for`() {
        let before = mappingCount(named: "signet-frame")
        let session = session(of: windowSource())
        let (_, buffer) = target(session.size)
        capture(session, into: buffer).proxy.destroy()
        let waiting = session.frame()
        waiting.capture(into: buffer)
        fixture.nextFrame()
        #expect(!waiting.isAnswered)
        client.viewporter.getViewport(surface: window.surface).setDestination(width: 4_000, height: 2_000)
        window.show(pool.buffer(20, 20, color: 2, at: 4_000))
        for _ in 0..<4 { fixture.nextFrame() }
        #expect(waiting.failure == "failed 1" && session.events.last == "done" && session.size.width == 4_000)
        #expect(mappingCount(named: "signet-frame") == before)
    }

    /// Covers a surface with so many others that let what is behind them through.
    @discardableResult
    private func pile(_ count: Int, on parent: WlSurface) -> [WlSurface] {
        let pixel = pool.buffer(50, 50, color: 0x1010_1010, at: 200_000, format: .argb8888)
        let surfaces = (0..<count).map { _ in
            let surface = client.compositor.createSurface()
            client.subcompositor.getSubsurface(surface: surface, parent: parent).setDesync()
            surface.attach(buffer: pixel, x: 0, y: 0)
            surface.commit()
            return surface
        }
        parent.commit()
        client.roundTrip()
        return surfaces
    }

    @Test func `a pointer's picture doesn't make captures of windows dearer than others can wait for`() {
        let ear = Ear(client, [("window", window.surface)])
        ear.listenToPointer()
        fixture.compositor.send(.pointerMotion(to: Position(x: 10, y: 10)))
        client.roundTrip()
        let cursor = client.compositor.createSurface()
        cursor.attach(buffer: pool.buffer(50, 50, color: 0x1010_1010, at: 200_000, format: .argb8888), x: 0, y: 0)
        ear.pointer!.setCursor(serial: ear.serial, surface: cursor, hotspotX: 5, hotspotY: 40)
        pile(400, on: cursor)
        fixture.nextFrame()
        #expect(fixture.compositor.scene.items(in: .cursor).count > 400)
        let node = node
        let view = CaptureView(of: { .window(node, hasCursor: true) }, by: fixture.compositor.captures)!
        #expect((1..<300).contains(view.items.count))
        view.stop()
    }

    @Test(arguments: [Int32(1) << 20, 1 << 30, .max])
    func `a window far away is captured, and costs no more than near`(distance: Int32) throws {
        pile(400, on: window.surface)
        for _ in 0..<3 {
            window.surface.offset(x: distance, y: distance)
            window.surface.commit()
        }
        fixture.nextFrame()
        let node = node
        #expect(node.frame.x >= 1 << 20)
        let view = CaptureView(of: { .window(node, hasCursor: false) }, by: fixture.compositor.captures)!
        #expect((1..<300).contains(view.items.count))
        view.stop()
    }

    @Test(arguments: [Int32(1) << 20, 1 << 30, .max])
    func `what changes on a window far away is captured`(distance: Int32) throws {
        for _ in 0..<600 {
            window.surface.offset(x: distance, y: -distance)
            window.surface.commit()
            client.connection.flush()
            fixture.compositor.dispatch(timeout: 0)
        }
        fixture.nextFrame()
        let session = session(of: windowSource())
        #expect(picture(session)?.last == [UInt32](repeating: 1, count: 20))
        window.show(pool.buffer(20, 20, color: 0xff, at: 4_000))
        #expect(picture(session)?.last == [UInt32](repeating: 0xff, count: 20))
    }

    @Test(arguments: [true, false])
    func `what was left out of a capture comes when there is room for it`(isWindow: Bool) {
        window.show(pool.buffer(190, 90, color: 0xabcdef, at: 20_000))
        let pile = pile(400, on: window.surface)
        fixture.nextFrame()
        let session = session(of: isWindow ? windowSource() : outputSource(reader))
        let (target, buffer) = target(session.size)
        capture(session, into: buffer).proxy.destroy()
        #expect(target.picture(session.size)[80][150] != 0xabcdef)
        let small = pool.buffer(1, 1, color: 0, at: 300_000, format: .argb8888)
        for surface in pile {
            surface.attach(buffer: small, x: 0, y: 0)
            surface.commit()
        }
        fixture.nextFrame()
        #expect(capture(session, into: buffer, stale: []).isReady)
        #expect(target.picture(session.size)[80][150] == 0xabcdef)
    }

    // MARK: Captures that get their frames

    @Test func `a window that is moved all the time is captured`() {
        let session = session(of: windowSource())
        let (_, buffer) = target(session.size)
        let copy = session.frame()
        copy.capture(into: buffer)
        for step in 1...5 where !copy.isAnswered {
            fixture.pump()
            // A frame is begun, and not finished before the next output's tick.
            fixture.clock.advance(by: Fixture.period)
            fixture.compositor.windows.move(node, to: Point(x: step, y: 0))
            fixture.compositor.captures.update()
        }
        fixture.pump()
        #expect(copy.isReady)
    }

    @Test func `a window that is put away is captured when it changes`() {
        window.toplevel.setMinimized()
        client.roundTrip()
        #expect(fixture.compositor.windows.windows.isEmpty)
        let session = session(of: windowSource())
        #expect(picture(session)?.last == [UInt32](repeating: 1, count: 20))
        window.show(pool.buffer(20, 20, color: 0xff, at: 4_000))
        #expect(picture(session)?.last == [UInt32](repeating: 0xff, count: 20))
        let (_, buffer) = target(session.size)
        let copy = session.frame()
        copy.capture(into: buffer)
        fixture.nextFrame()
        #expect(!copy.isAnswered)
        window.show(pool.buffer(20, 20, color: 0xff00, at: 8_000))
        for _ in 0..<4 { fixture.nextFrame() }
        #expect(copy.isReady)
    }

    @Test(arguments: [ExtImageCopyCaptureManagerV1.Options.paintCursors, []])
    func `an output that is turned round is captured`(options: ExtImageCopyCaptureManagerV1.Options) throws {
        let session = session(of: outputSource(reader), options)
        let (_, buffer) = target(session.size)
        capture(session, into: buffer).proxy.destroy()
        let copy = session.frame()
        copy.capture(into: buffer)
        fixture.nextFrame()
        try fixture.compositor.changeOutput(fixture.output) { $0.orientation = .rotated180 }
        for _ in 0..<4 { fixture.nextFrame() }
        // The buffer is as it has to be, and no other is asked for.
        #expect(copy.isReady || copy.failure == "failed 0")
        #expect(session.events == ["size 200x100", "done"])
    }

    @Test func `sessions that are destroyed in any order, with their frames, leave nothing behind`() {
        let studio = fixture.compositor.captures
        let source = windowSource()
        for order in 0..<6 {
            let session = session(of: source)
            let (_, buffer) = target(session.size)
            let copy = session.frame()
            copy.capture(into: buffer)
            if order & 1 != 0 { fixture.nextFrame() }
            let actions = [{ session.proxy.destroy() }, { copy.proxy.destroy() }, { buffer.destroy() }]
            for index in 0..<3 {
                actions[[[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]][order][index]]()
                fixture.nextFrame()
            }
            reader.roundTrip()
            #expect(studio.count == 0 && reader.error == nil)
        }
        fixture.nextFrame()
        #expect(fixture.compositor.ledger.usage(of: .frames) == 0)
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(fixture.clock.armedCount == 0 && fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }
}
