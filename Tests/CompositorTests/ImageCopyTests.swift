@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// ext-image-copy-capture: outputs, windows and the pointer.
@Suite(.serialized) struct ImageCopyTests {
    let fixture: Fixture
    let client: TestClient
    let window: TestWindow
    let pool: TestPool
    let reader: TestClient
    let manager: ExtImageCopyCaptureManagerV1

    init() {
        fixture = Fixture { $0.shmPolicy = .copy }
        client = fixture.connect()
        pool = TestPool(client, size: 40_000)
        window = TestWindow(client)
        window.show(pool.buffer(20, 20) { x, y in UInt32(x << 8 | y) })
        window.moveToCorner()
        fixture.nextFrame()
        reader = fixture.connect()
        manager = reader.bind(ExtImageCopyCaptureManagerV1.self)
    }

    private func outputSource() -> ExtImageCaptureSourceV1 {
        reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output)
    }

    /// Of the first window that is listed with a title.
    private func windowSource(_ title: String = "") -> ExtImageCaptureSourceV1 {
        let list = WindowEar(reader)
        let handle = list.windows.first { $0.title == title }!.proxy
        return reader.bind(ExtForeignToplevelImageCaptureSourceManagerV1.self).createSource(toplevelHandle: handle)
    }

    private func session(
        of source: ExtImageCaptureSourceV1,
        _ options: ExtImageCopyCaptureManagerV1.Options = []
    ) -> ImageCopySessionClient {
        let session = ImageCopySessionClient(manager.createSession(source: source, options: options))
        reader.roundTrip()
        return session
    }

    private func target(_ size: Int = 80_000) -> CopyTarget {
        CopyTarget(reader, TestFile.memfd(size, seals: .shrink), size: size)
    }

    /// What a session's next frame shows, as 0xRRGGBB, by row; nil where it doesn't come within some refreshes.
    private func picture(_ session: ImageCopySessionClient) -> [[UInt32]]? {
        let target = target(max(4, session.size.width * session.size.height * 4))
        let copy = session.frame()
        copy.capture(into: target.buffer(session.size.width, session.size.height, format: session.formats[0]))
        for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
        defer { copy.proxy.destroy() }
        return copy.isReady ? target.picture(session.size) : nil
    }

    private func damageWindow(_ rectangle: Rectangle, color: UInt32) {
        TestFile.write([UInt32](repeating: color, count: 400), to: pool.file)
        window.surface.damage(
            x: Int32(rectangle.x),
            y: Int32(rectangle.y),
            width: Int32(rectangle.width),
            height: Int32(rectangle.height)
        )
        window.surface.commit()
    }

    private func part(_ picture: [[UInt32]], _ part: Rectangle) -> [[UInt32]] {
        picture[part.minY..<part.maxY].map { Array($0[part.minX..<part.maxX]) }
    }

    private func movePointer(_ x: Double, _ y: Double) {
        fixture.compositor.send(.pointerMotion(to: Position(x: x, y: y)))
        fixture.nextFrame()
    }

    // MARK: Outputs

    @Test func `a session says what buffers it takes, and its frame is what the output shows`() {
        let session = session(of: outputSource(), .paintCursors)
        #expect(session.events == ["size 200x100", "done"] && session.formats == [.xrgb8888])
        let target = target()
        let copy = session.frame()
        copy.capture(into: target.buffer(200, 100))
        fixture.nextFrame()
        #expect(copy.events == ["transform 0", "ready"] && copy.damage == [session.size.bounds])
        #expect(copy.time == fixture.output.frames.latch.time)
        #expect(target.picture(session.size) == fixture.picture())
    }

    @Test(arguments: 0..<ScreencopyTests.memory.count)
    func `every tier's memory is written to, and never mapped for that`(index: Int) {
        let (policy, make) = ScreencopyTests.memory[index]
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 400).buffer(10, 10) { x, y in UInt32(x << 8 | y) })
        fixture.nextFrame()
        _ = fixture.picture()
        let target = CopyTarget(client, make())
        func mappings() -> Int { mappingCount(named: "signet-test") + mappingCount(named: "/tmp/signet-") }
        let before = mappings()
        let source = client.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: client.output)
        let manager = client.bind(ExtImageCopyCaptureManagerV1.self)
        for options: ExtImageCopyCaptureManagerV1.Options in [[], .paintCursors] {
            let session = ImageCopySessionClient(manager.createSession(source: source, options: options))
            client.roundTrip()
            let copy = session.frame()
            copy.capture(into: target.buffer(200, 100))
            for _ in 0..<3 where !copy.isReady { fixture.nextFrame() }
            #expect(copy.isReady)
            #expect(target.picture(session.size) == fixture.picture())
            #expect(mappings() == before)
            copy.proxy.destroy()
            session.proxy.destroy()
            client.roundTrip()
        }
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }

    @Test func `an output is captured without the pointer, or with it`() throws {
        let (without, with) = (session(of: outputSource()), session(of: outputSource(), .paintCursors))
        let plain = try #require(picture(without))
        #expect(plain == fixture.picture())
        movePointer(100, 50)
        #expect(picture(with) == fixture.picture() && fixture.picture() != plain)
        // The pointer came and went; nothing else did.
        movePointer(120, 60)
        let copy = without.frame()
        let target = target()
        copy.capture(into: target.buffer(200, 100))
        for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
        #expect(!copy.isReady || target.picture(without.size) == plain)
    }

    @Test func `a turned output's frames are turned`() throws {
        for options: ExtImageCopyCaptureManagerV1.Options in [[], .paintCursors] {
            let session = session(of: outputSource(), options)
            try fixture.compositor.changeOutput(fixture.output) {
                $0.orientation = .rotated90
                $0.mode = OutputMode(width: 100, height: 160, refresh: 50_000)
            }
            fixture.nextFrame()
            #expect(session.events.suffix(2) == ["size 100x160", "done"])
            let target = target()
            let copy = session.frame()
            copy.capture(into: target.buffer(100, 160))
            for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
            #expect(copy.events == ["transform 1", "ready"] && target.picture(session.size) == fixture.picture())
            copy.proxy.destroy()
            try fixture.compositor.changeOutput(fixture.output) {
                $0.orientation = .normal
                $0.mode = OutputMode(width: 200, height: 100, refresh: 50_000)
            }
            fixture.nextFrame()
        }
    }

    @Test func `an output that is taken away ends its sessions`() {
        let another = fixture.compositor.addOutput(OutputMode(width: 50, height: 50, refresh: 50_000))
        let sessions = [session(of: outputSource(), .paintCursors), session(of: outputSource())]
        let copies = sessions.map { $0.frame() }
        let target = target()
        copies[0].capture(into: target.buffer(200, 100))
        reader.roundTrip()
        fixture.compositor.removeOutput(fixture.output)
        fixture.nextFrame()
        #expect(sessions.allSatisfy(\.isStopped) && copies[0].failure == "failed 2")
        copies[1].capture(into: target.buffer(200, 100))
        reader.roundTrip()
        #expect(copies[1].failure == "failed 2" && fixture.output === another)
    }

    // MARK: Changes

    @Test func `later frames wait for a change, and damage covers it`() {
        for options: ExtImageCopyCaptureManagerV1.Options in [[], .paintCursors] {
            let session = session(of: outputSource(), options)
            let target = target()
            let buffer = target.buffer(200, 100)
            _ = {
                let first = session.frame()
                first.capture(into: buffer)
                for _ in 0..<3 where !first.isAnswered { fixture.nextFrame() }
                #expect(first.isReady)
                first.proxy.destroy()
            }()
            let copy = session.frame()
            // What isn't said to be out of date is left as it is, but for what has changed.
            TestFile.write([UInt32](repeating: 0x123456, count: 200 * 100), to: target.file)
            copy.capture(into: buffer, stale: [Rectangle(x: 100, y: 50, width: 10, height: 10)])
            for _ in 0..<3 { fixture.nextFrame() }
            #expect(!copy.isAnswered)
            damageWindow(Rectangle(x: 3, y: 4, width: 5, height: 6), color: options.isEmpty ? 0xff : 0xff00)
            for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
            #expect(copy.isReady && copy.damage == [Rectangle(x: 3, y: 4, width: 5, height: 6)])
            let (picture, shown) = (target.picture(session.size), fixture.picture())
            for y in 0..<100 {
                for x in 0..<200 {
                    let isCopied =
                        (3..<8).contains(x) && (4..<10).contains(y)
                        || (100..<110).contains(x) && (50..<60).contains(y)
                    #expect(picture[y][x] == (isCopied ? shown[y][x] : 0x123456), "at \(x), \(y)")
                    if picture[y][x] != (isCopied ? shown[y][x] : 0x123456) { return }
                }
            }
            copy.proxy.destroy()
            session.proxy.destroy()
        }
    }

    @Test func `nothing is drawn, and nothing set, where nobody waits`() {
        let session = session(of: windowSource())
        #expect(picture(session) != nil)
        let drawn = fixture.output.frames.newest?.frame
        for color in 1...5 {
            damageWindow(Rectangle(x: 0, y: 0, width: 20, height: 20), color: UInt32(color))
            fixture.nextFrame()
        }
        #expect(fixture.output.frames.newest?.frame == drawn)
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(fixture.clock.armedCount == 0)
    }

    // MARK: Windows

    @Test func `a window is captured as the output shows it, whatever covers it`() throws {
        let session = session(of: windowSource())
        let frame = (fixture.compositor.windows.windows[0]).frame
        #expect(session.size == frame.size)
        #expect(picture(session) == part(fixture.picture(), frame))
        let cover = TestWindow(client)
        cover.show(pool.buffer(90, 90, color: 0xff, at: 4_000))
        cover.moveToCorner()
        cover.toplevel.setTitle(title: "cover")
        fixture.nextFrame()
        #expect(part(fixture.picture(), frame).allSatisfy { $0.allSatisfy { $0 == 0xff } })
        damageWindow(Rectangle(x: 0, y: 0, width: 20, height: 20), color: 0xabcdef)
        let captured = try #require(picture(session))
        #expect(captured.count == frame.height && captured.suffix(20).allSatisfy { $0.allSatisfy { $0 == 0xabcdef } })
    }

    @Test(arguments: [150, 180, 240]) func `a window's pixels are those of the output's scale`(scale: Int) throws {
        try fixture.compositor.changeOutput(fixture.output) { $0.mode.scale = Scale(in120ths: scale) }
        let node = fixture.compositor.windows.windows[0]
        fixture.compositor.windows.move(node, to: Point(x: 17, y: 5))
        fixture.nextFrame()
        let session = session(of: windowSource())
        let pixels = fixture.output.view.pixels(node.frame)
        #expect(session.size == pixels.size)
        #expect(picture(session) == part(fixture.picture(), pixels))
    }

    @Test func `a window that is resized is captured at its new size`() {
        let session = session(of: windowSource())
        let old = session.size
        let target = target()
        let copy = session.frame()
        window.show(pool.buffer(30, 25, color: 0x55aa55, at: 8_000))
        client.roundTrip()
        copy.capture(into: target.buffer(old.width, old.height))
        for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
        #expect(copy.failure == "failed 1")
        #expect(session.size.width == 30 && session.events.suffix(2) == ["size 30x\(session.size.height)", "done"])
        copy.proxy.destroy()
        #expect(picture(session)?.last == [UInt32](repeating: 0x55aa55, count: 30))
    }

    @Test func `a window that goes ends its sessions, and is another one when it comes back`() {
        let source = windowSource()
        let session = session(of: source)
        let copy = session.frame()
        let target = target()
        window.show(nil)
        fixture.nextFrame()
        #expect(session.isStopped)
        copy.capture(into: target.buffer(20, 20))
        reader.roundTrip()
        #expect(copy.failure == "failed 2")
        window.surface.commit()
        client.roundTrip()
        window.show(pool.buffer(20, 20, color: 1))
        fixture.nextFrame()
        #expect(self.session(of: source).isStopped && !self.session(of: windowSource()).isStopped)
    }

    // MARK: The pointer

    @Test func `the pointer's picture is captured, and its place told`() throws {
        let pointer = reader.seat.getPointer()
        let session = manager.createPointerCursorSession(source: outputSource(), pointer: pointer)
        var events: [String] = []
        session.onEnter = { events.append("enter") }
        session.onLeave = { events.append("leave") }
        session.onPosition = { events.append("position \($0),\($1)") }
        session.onHotspot = { events.append("hotspot \($0),\($1)") }
        let images = ImageCopySessionClient(session.getCaptureSession())
        reader.roundTrip()
        #expect(events.isEmpty && images.events == ["size 1x1", "done"] && images.formats == [.argb8888])
        movePointer(100, 50)
        let shown = try #require(fixture.compositor.seat.pointer.cursor.shown)
        let hotspot = "hotspot \(100 - shown.frame.x),\(50 - shown.frame.y)"
        reader.roundTrip()
        #expect(events == ["enter", "position 100,50", hotspot] && images.size == shown.frame.size)
        // Drawn over the frame without it, the picture makes the frame with it.
        let target = target()
        let copy = images.frame()
        copy.capture(into: target.buffer(images.size.width, images.size.height, format: .argb8888))
        for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
        #expect(copy.isReady)
        let plain = try #require(picture(self.session(of: outputSource())))
        let whole = fixture.picture()
        var alphas: Set<UInt32> = []
        for y in 0..<images.size.height {
            let row = TestFile.read(images.size.width, from: target.file, at: y * images.size.width * 4)
            for (x, pixel) in row.enumerated() {
                let (below, above) = (
                    plain[shown.frame.y + y][shown.frame.x + x], whole[shown.frame.y + y][shown.frame.x + x]
                )
                alphas.insert(pixel >> 24)
                for shift: UInt32 in [0, 8, 16] {
                    func channel(_ color: UInt32) -> Int { Int(color >> shift & 0xff) }
                    let mixed = channel(pixel) + (channel(below) * (255 - Int(pixel >> 24)) + 127) / 255
                    #expect(abs(mixed - channel(above)) <= 1, "at \(x), \(y)")
                }
            }
        }
        #expect(alphas.contains(0) && alphas.contains(255))
        events = []
        movePointer(101, 50)
        #expect(events == ["position 101,50"])
    }

    @Test func `the pointer enters and leaves a window`() {
        let session = manager.createPointerCursorSession(source: windowSource(), pointer: reader.seat.getPointer())
        var events: [String] = []
        session.onEnter = { events.append("enter") }
        session.onLeave = { events.append("leave") }
        session.onPosition = { events.append("position \($0),\($1)") }
        movePointer(190, 90)
        reader.roundTrip()
        #expect(events.isEmpty)
        movePointer(10, 12)
        #expect(events == ["enter", "position 10,12"])
        movePointer(190, 90)
        #expect(events.last == "leave")
    }

    // MARK: Errors

    @Test func `what is against the rules is an error`() {
        func error(_ action: (ExtImageCopyCaptureManagerV1, TestClient, ImageCopySessionClient) -> Void) -> String? {
            let reader = fixture.connect()
            let manager = reader.bind(ExtImageCopyCaptureManagerV1.self)
            let source = reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output)
            let session = ImageCopySessionClient(manager.createSession(source: source, options: []))
            reader.roundTrip()
            action(manager, reader, session)
            reader.roundTrip()
            return reader.error
        }
        func buffer(_ reader: TestClient) -> WlBuffer {
            CopyTarget(reader, TestFile.memfd(80_000, seals: .shrink)).buffer(200, 100)
        }
        #expect(
            error { manager, reader, _ in
                let source = reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output)
                _ = manager.createSession(source: source, options: ExtImageCopyCaptureManagerV1.Options(rawValue: 2))
            } == "ext_image_copy_capture_manager_v1 1"
        )
        #expect(
            error { _, _, session in
                let frames = [session.frame(), session.frame()]
                withExtendedLifetime(frames) {}
            } == "ext_image_copy_capture_session_v1 1"
        )
        #expect(error { $2.frame().proxy.capture() } == "ext_image_copy_capture_frame_v1 1")
        for (x, y, width, height) in [(-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, 0, 1), (0, 0, 1, -1)] {
            let result = error { _, _, session in
                session.frame().proxy.damageBuffer(x: Int32(x), y: Int32(y), width: Int32(width), height: Int32(height))
            }
            #expect(result == "ext_image_copy_capture_frame_v1 2")
        }
        for isAttach in [true, false] {
            let result = error { _, reader, session in
                let (copy, buffer) = (session.frame(), buffer(reader))
                copy.capture(into: buffer)
                if isAttach { copy.proxy.attachBuffer(buffer: buffer) } else { copy.proxy.capture() }
            }
            #expect(result == "ext_image_copy_capture_frame_v1 3")
        }
        #expect(
            error { manager, reader, _ in
                let source = reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output)
                let session = manager.createPointerCursorSession(source: source, pointer: reader.seat.getPointer())
                _ = session.getCaptureSession()
                _ = session.getCaptureSession()
            } == "ext_image_copy_capture_cursor_session_v1 1"
        )
        #expect(client.roundTrip())
    }

    @Test(arguments: [
        (200, 99, WlShm.Format.xrgb8888), (201, 100, .xrgb8888), (200, 100, .argb8888), (200, 100, .rgb565),
    ])
    func `a buffer of another kind fails, and the next may fit`(width: Int, height: Int, format: WlShm.Format) {
        let session = session(of: outputSource())
        let copy = session.frame()
        copy.capture(into: target(100_000).buffer(width, height, format: format))
        reader.roundTrip()
        #expect(copy.failure == "failed 1")
        copy.proxy.destroy()
        #expect(picture(session) == fixture.picture())
    }

    @Test func `a window isn't captured into its own picture`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        let buffer = target.buffer(200, 100)
        // Without holes, so that it is shown where it lies.
        TestFile.write([UInt32](repeating: 1, count: 20_000), to: target.file)
        window.show(buffer)
        fixture.nextFrame()
        _ = fixture.picture()
        let source = client.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: client.output)
        let session = client.bind(ExtImageCopyCaptureManagerV1.self).createSession(source: source, options: [])
        let copy = ImageCopySessionClient(session).frame()
        copy.capture(into: buffer)
        client.roundTrip()
        #expect(copy.failure == "failed 0" && client.roundTrip())
    }

    // MARK: Ends

    @Test func `clients that are killed at any moment leave nothing behind`() {
        let studio = fixture.compositor.captures
        let before = fixture.compositor.ledger.usage(of: .frames)
        for stage in 0..<5 {
            let victim = fixture.connect()
            let manager = victim.bind(ExtImageCopyCaptureManagerV1.self)
            let source = victim.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: victim.output)
            let session = ImageCopySessionClient(manager.createSession(source: source, options: []))
            victim.roundTrip()
            let target = CopyTarget(victim, TestFile.memfd(80_000, seals: .shrink))
            let copy = session.frame()
            if stage >= 1 { copy.capture(into: target.buffer(200, 100)) }
            victim.connection.flush()
            if stage >= 2 { fixture.compositor.dispatch(timeout: 0) }
            if stage >= 3 { fixture.clock.advance(by: Fixture.period) }
            if stage >= 4 { fixture.nextFrame() }
            fixture.disconnect(victim)
            fixture.nextFrame()
            fixture.nextFrame()
            #expect(studio.count == 0 && fixture.compositor.ledger.usage(of: .frames) == before)
            #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
        }
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(fixture.clock.armedCount == 0)
    }

    @Test func `a frame goes on without its session`() {
        let session = session(of: windowSource())
        let (target, copy) = (target(), session.frame())
        session.proxy.destroy()
        copy.capture(into: target.buffer(session.size.width, session.size.height))
        for _ in 0..<3 where !copy.isAnswered { fixture.nextFrame() }
        #expect(copy.isReady)
        copy.proxy.destroy()
        reader.roundTrip()
        #expect(fixture.compositor.captures.count == 0)
    }

    @Test func `there is a bound for sessions, and for their memory`() {
        let sources = outputSource()
        let all = (0..<20).map { _ in session(of: sources) }
        #expect(all.count { !$0.isStopped } == 16 && fixture.compositor.captures.count == 16)
        for session in all { session.proxy.destroy() }
        reader.roundTrip()
        #expect(fixture.compositor.captures.count == 0 && !session(of: sources).isStopped)
        let small = Fixture { $0.limits.copiedBytes = 100_000 }
        let client = small.connect()
        let source = client.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: client.output)
        let manager = client.bind(ExtImageCopyCaptureManagerV1.self)
        let poor = ImageCopySessionClient(manager.createSession(source: source, options: []))
        client.roundTrip()
        let copy = poor.frame()
        copy.capture(into: CopyTarget(client, TestFile.memfd(80_000, seals: .shrink)).buffer(200, 100))
        client.roundTrip()
        #expect(copy.failure == "failed 0" && client.roundTrip())
    }
}
