@testable import Compositor
import CLinux
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// wlr-screencopy: what is copied, when, and where to.
@Suite(.serialized) struct ScreencopyTests {
    let fixture = Fixture { $0.shmPolicy = .copy }
    let client: TestClient
    let window: TestWindow
    let pool: TestPool
    let reader: TestClient
    let manager: ZwlrScreencopyManagerV1

    init() {
        client = fixture.connect()
        pool = TestPool(client, size: 1_600)
        window = TestWindow(client)
        window.show(pool.buffer(20, 20) { x, y in UInt32(x << 8 | y) })
        window.moveToCorner()
        fixture.nextFrame()
        reader = fixture.connect()
        manager = reader.bind(ZwlrScreencopyManagerV1.self)
    }

    private func capture(_ part: Rectangle? = nil) -> ScreenCopy {
        let copy = ScreenCopy(manager, reader.output, part: part)
        reader.roundTrip()
        return copy
    }

    private func target(_ size: Int = 80_000) -> CopyTarget {
        CopyTarget(reader, TestFile.memfd(size, seals: .shrink), size: size)
    }

    private func damageWindow(_ rectangle: Rectangle, color: UInt32? = nil) {
        if let color { TestFile.write([UInt32](repeating: color, count: 400), to: pool.file) }
        window.surface.damage(
            x: Int32(rectangle.x),
            y: Int32(rectangle.y),
            width: Int32(rectangle.width),
            height: Int32(rectangle.height)
        )
        window.surface.commit()
    }

    private let everything = Rectangle(x: 0, y: 0, width: 20, height: 20)

    // MARK: What fits

    @Test func `a capture says what buffer it takes`() {
        #expect(capture().events == ["buffer 1 200x100 800", "buffer_done"])
        let old = reader.bind(ZwlrScreencopyManagerV1.self, version: 2)
        let copy = ScreenCopy(old, reader.output)
        reader.roundTrip()
        #expect(copy.events == ["buffer 1 200x100 800"])
    }

    @Test(arguments: [
        (200, 100, 804, WlShm.Format.xrgb8888), (200, 99, 800, .xrgb8888), (199, 100, 800, .xrgb8888),
        (201, 100, 804, .xrgb8888), (200, 100, 800, .argb8888), (200, 100, 400, .rgb565),
    ])
    func `a buffer of another kind is an error`(width: Int, height: Int, stride: Int, format: WlShm.Format) {
        let target = target(100_000)
        let copy = capture()
        copy.proxy.copy(buffer: target.buffer(width, height, stride: stride, format: format))
        reader.roundTrip()
        #expect(reader.error == "zwlr_screencopy_frame_v1 1")
        #expect(client.roundTrip())
    }

    @Test func `a buffer that isn't of wl_shm is an error`() {
        let single = reader.bind(WpSinglePixelBufferManagerV1.self)
        let copy = capture(Rectangle(x: 0, y: 0, width: 1, height: 1))
        copy.proxy.copyWithDamage(buffer: single.createU32RgbaBuffer(r: 0, g: 0, b: 0, a: 0))
        reader.roundTrip()
        #expect(reader.error == "zwlr_screencopy_frame_v1 1")
    }

    @Test(arguments: [false, true]) func `a capture is used once`(isDone: Bool) {
        let target = target()
        let copy = capture()
        copy.proxy.copy(buffer: target.buffer(for: copy))
        if isDone { fixture.nextFrame() }
        copy.proxy.copyWithDamage(buffer: target.buffer(for: copy))
        reader.roundTrip()
        #expect(copy.isReady == isDone && reader.error == "zwlr_screencopy_frame_v1 0")
    }

    // MARK: Where it goes

    /// Each kind of memory that a policy takes.
    static let memory: [(ShmPolicy, @Sendable () -> Descriptor)] = [
        (.strict, { TestFile.memfd(80_000, seals: .shrink) }),
        (.strict, { TestFile.memfd(80_000, seals: [.shrink, .grow, .seal]) }),
        (.seal, { TestFile.memfd(80_000) }),
        (.copy, { TestFile.memfd(80_000) }),
        (.copy, { TestFile.memfd(80_000, allowSealing: false) }),
        (.copy, { TestFile.posix(80_000) }),
        (.copy, { TestFile.file(80_000, in: "/tmp") }),
    ]

    @Test(arguments: 0..<memory.count) func `every tier's memory is written to, and never mapped for that`(index: Int) {
        let (policy, make) = Self.memory[index]
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 400).buffer(10, 10) { x, y in UInt32(x << 8 | y) })
        fixture.nextFrame()
        // From now on the window's memory is mapped.
        _ = fixture.picture()
        let target = CopyTarget(client, make())
        func mappings() -> Int { mappingCount(named: "signet-test") + mappingCount(named: "/tmp/signet-") }
        let before = mappings()
        let copy = ScreenCopy(client.bind(ZwlrScreencopyManagerV1.self), client.output)
        client.roundTrip()
        // The pool may be looked at still.
        copy.proxy.copy(buffer: target.buffer(for: copy))
        fixture.nextFrame()
        #expect(copy.events.suffix(2) == ["flags 0", "ready"])
        #expect(target.picture(copy.size) == fixture.picture())
        #expect(mappings() == before)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }

    @Test func `a pool that isn't looked at yet is waited for`() {
        // Seals are added on the lane; what comes with it is asked for before that is known.
        let copy = capture()
        let target = CopyTarget(reader, TestFile.memfd(80_000))
        copy.proxy.copy(buffer: target.buffer(for: copy))
        fixture.nextFrame()
        fixture.nextFrame()
        #expect(copy.isReady && target.picture(copy.size) == fixture.picture())
    }

    @Test func `a buffer may begin anywhere`() {
        let target = target(200_000)
        let copy = capture(Rectangle(x: 5, y: 6, width: 30, height: 9))
        copy.proxy.copy(buffer: target.buffer(for: copy, at: 100_000))
        fixture.nextFrame()
        let picture = fixture.picture()
        #expect(target.picture(copy.size, at: 100_000) == picture[6..<15].map { Array($0[5..<35]) })
        let before = TestFile.read(25_000, from: target.file)
        let after = TestFile.read(1_000, from: target.file, at: 100_000 + 30 * 9 * 4)
        #expect(before.allSatisfy { $0 == 0 } && after.allSatisfy { $0 == 0 }, "nothing else is written")
    }

    @Test func `the pointer's picture is in a copy that asks for it, and in no other`() {
        let plain = fixture.picture()
        let target = target()
        func copy(_ part: Rectangle?) -> [[UInt32]]? {
            // A part is captured without the pointer.
            let copy = capture(part)
            copy.proxy.copy(buffer: target.buffer(for: copy))
            for _ in 0..<3 where !copy.isReady && !copy.hasFailed { fixture.nextFrame() }
            defer { copy.proxy.destroy() }
            return copy.isReady ? target.picture(copy.size) : nil
        }
        let whole = Rectangle(x: 0, y: 0, width: 200, height: 100)
        // A capture that was begun before there was a pointer fails rather than show one.
        let early = capture(whole)
        fixture.compositor.send(.pointerMotion(to: Position(x: 100, y: 50)))
        early.proxy.copy(buffer: target.buffer(for: early))
        fixture.nextFrame()
        #expect(early.hasFailed)
        #expect(copy(whole) == plain && copy(nil) == fixture.picture() && fixture.picture() != plain)
        damageWindow(everything, color: 0xabcdef)
        fixture.compositor.send(.pointerMotion(to: Position(x: 10, y: 10)))
        #expect(copy(everything)?.allSatisfy { $0.allSatisfy { $0 == 0xabcdef } } == true)
        fixture.disconnect(reader)
        #expect(fixture.compositor.captures.count == 0)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }

    // MARK: When

    @Test func `a copy shows what is latched at the next tick`() {
        let target = target()
        let copy = capture()
        copy.proxy.copy(buffer: target.buffer(for: copy))
        reader.roundTrip()
        #expect(!copy.isReady, "an idle output has its next tick too")
        damageWindow(everything, color: 0x00ff00)
        fixture.nextFrame()
        #expect(copy.isReady && copy.damage.isEmpty)
        #expect(target.picture(copy.size)[3][3] == 0x00ff00)
        #expect(copy.time == fixture.output.frames.latch.time)
    }

    @Test func `a frame that was begun before isn't what a copy shows`() {
        let target = target()
        let copy = capture()
        fixture.watch(fixture.output)
        fixture.nextFrame()
        damageWindow(everything, color: 0x00ff00)
        client.roundTrip()
        fixture.waitsForFrames = false
        fixture.clock.advance(by: Fixture.period)
        #expect(fixture.output.frames.isDrawing)
        damageWindow(everything, color: 0x0000ff)
        copy.proxy.copy(buffer: target.buffer(for: copy))
        client.connection.flush()
        reader.connection.flush()
        fixture.compositor.dispatch(timeout: 0)
        fixture.waitsForFrames = true
        fixture.pump()
        #expect(!fixture.output.frames.isDrawing && !copy.isReady)
        fixture.nextFrame()
        #expect(copy.isReady && target.picture(copy.size)[3][3] == 0x0000ff)
    }

    @Test func `copies of an output on which nothing happens come once a refresh, each with its time`() {
        let target = target()
        var times: [UInt64] = []
        for _ in 0..<4 {
            let copy = capture()
            copy.proxy.copy(buffer: target.buffer(for: copy))
            fixture.nextFrame()
            #expect(copy.isReady)
            times.append(copy.time)
        }
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == Fixture.period })
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(fixture.clock.armedCount == 0 && fixture.output.frames.newest == nil, "nothing is kept for nobody")
    }

    @Test func `the first copy with damage is of everything, and the next waits`() {
        let target = target()
        let first = capture()
        first.proxy.copyWithDamage(buffer: target.buffer(for: first))
        fixture.nextFrame()
        #expect(first.isReady && first.damage == [Rectangle(x: 0, y: 0, width: 200, height: 100)])
        let second = capture()
        second.proxy.copyWithDamage(buffer: target.buffer(for: second))
        for _ in 0..<3 { fixture.nextFrame() }
        #expect(!second.isReady)
        damageWindow(Rectangle(x: 3, y: 4, width: 5, height: 6), color: 0x0000ff)
        fixture.nextFrame()
        #expect(second.isReady && second.damage == [Rectangle(x: 3, y: 4, width: 5, height: 6)])
        #expect(target.picture(second.size)[5][5] == 0x0000ff)
    }

    @Test func `damage covers all that has changed since the manager's last copy`() {
        let target = target()
        func copy(by manager: ZwlrScreencopyManagerV1, withDamage: Bool = true) -> ScreenCopy {
            let copy = ScreenCopy(manager, reader.output)
            reader.roundTrip()
            let buffer = target.buffer(for: copy)
            if withDamage { copy.proxy.copyWithDamage(buffer: buffer) } else { copy.proxy.copy(buffer: buffer) }
            fixture.nextFrame()
            #expect(copy.isReady)
            return copy
        }
        let other = reader.bind(ZwlrScreencopyManagerV1.self)
        _ = copy(by: manager, withDamage: false)
        fixture.watch(fixture.output)
        damageWindow(Rectangle(x: 0, y: 0, width: 2, height: 2))
        fixture.nextFrame()
        damageWindow(Rectangle(x: 8, y: 8, width: 2, height: 2))
        fixture.nextFrame()
        #expect(copy(by: other).damage == [Rectangle(x: 0, y: 0, width: 200, height: 100)])
        #expect(
            copy(by: manager).damage == [
                Rectangle(x: 0, y: 0, width: 2, height: 2), Rectangle(x: 8, y: 8, width: 2, height: 2),
            ]
        )
    }

    @Test func `damage elsewhere doesn't count for a part, however much there is`() {
        let target = target()
        let part = Rectangle(x: 10, y: 10, width: 50, height: 50)
        let first = capture(part)
        first.proxy.copyWithDamage(buffer: target.buffer(for: first))
        fixture.nextFrame()
        #expect(first.damage == [Rectangle(x: 0, y: 0, width: 50, height: 50)])
        let second = capture(part)
        second.proxy.copyWithDamage(buffer: target.buffer(for: second))
        for count in 0..<30 {
            damageWindow(Rectangle(x: 0, y: 0, width: 20, height: 10), color: UInt32(count))
            fixture.nextFrame()
        }
        #expect(!second.isReady)
        damageWindow(Rectangle(x: 0, y: 5, width: 12, height: 15))
        fixture.nextFrame()
        #expect(second.isReady && second.damage == [Rectangle(x: 0, y: 0, width: 2, height: 10)])
    }

    @Test func `many parts are forgotten, and count as damaged`() {
        let target = target()
        func copy(_ x: Int) -> ScreenCopy {
            let copy = capture(Rectangle(x: x, y: 0, width: 5, height: 5))
            copy.proxy.copyWithDamage(buffer: target.buffer(for: copy))
            fixture.nextFrame()
            return copy
        }
        for x in 0..<16 { #expect(copy(x).isReady) }
        #expect(!copy(0).isReady)
        #expect(copy(20).isReady)
        #expect(copy(0).damage == [Rectangle(x: 0, y: 0, width: 5, height: 5)])
    }

    // MARK: Parts

    private static let huge = Int(Int32.max)
    private static let nothing = Rectangle(x: 0, y: 0, width: 0, height: 0)

    /// Parts, and what can be seen of them.
    static let parts = [
        (Rectangle(x: 10, y: 20, width: 30, height: 40), Rectangle(x: 10, y: 20, width: 30, height: 40)),
        (Rectangle(x: -10, y: -20, width: 30, height: 40), Rectangle(x: 0, y: 0, width: 20, height: 20)),
        (Rectangle(x: 190, y: 90, width: 100, height: 100), Rectangle(x: 190, y: 90, width: 10, height: 10)),
        (Rectangle(x: 0, y: 0, width: huge, height: huge), Rectangle(x: 0, y: 0, width: 200, height: 100)),
        (Rectangle(x: 1 - huge, y: -5, width: huge, height: 10), Rectangle(x: 0, y: 0, width: 1, height: 5)),
        (Rectangle(x: -huge - 1, y: -5, width: huge, height: 10), nothing),
        (Rectangle(x: huge, y: 0, width: huge, height: 10), nothing),
        (Rectangle(x: 0, y: 0, width: 0, height: 10), nothing),
        (Rectangle(x: 50, y: 50, width: -10, height: -huge - 1), nothing),
        (Rectangle(x: 200, y: 0, width: 10, height: 10), nothing),
    ]

    @Test(arguments: 0..<parts.count)
    func `a part is cut off at the output's edges`(index: Int) {
        let (part, seen) = Self.parts[index]
        let copy = capture(part)
        guard !seen.isEmpty else {
            #expect(copy.events == ["failed"])
            // It was said before the client could hear it.
            copy.proxy.copy(buffer: target().buffer(10, 10))
            #expect(reader.roundTrip())
            return
        }
        #expect(copy.size == seen.size)
        let target = target()
        copy.proxy.copy(buffer: target.buffer(for: copy))
        fixture.nextFrame()
        let picture = fixture.picture()[seen.minY..<seen.maxY].map { Array($0[seen.minX..<seen.maxX]) }
        #expect(copy.isReady && target.picture(copy.size) == picture)
    }

    @Test func `a part is given in the second output's own units`() throws {
        fixture.compositor.addOutput(OutputMode(width: 60, height: 40, refresh: 50_000, scale: 2))
        try fixture.compositor.changeOutput(fixture.compositor.outputs[1]) { $0.orientation = .rotated90 }
        let output = fixture.compositor.outputs[1]
        var second: WlOutput?
        let registry = reader.connection.registry()
        registry.onGlobal = { [unowned registry] name, interface, _ in
            guard interface == WlOutput.interface.name else { return }
            second = registry.bind(name: name, as: WlOutput.self, version: 4)
        }
        reader.roundTrip()
        let window = TestWindow(client)
        window.show(TestPool(client, size: 80_000).buffer(20, 30) { x, y in UInt32(x << 8 | y) })
        window.moveToCorner()
        let node = fixture.compositor.scene.nodes.last as! Window
        node.place(at: output.bounds.origin)
        fixture.compositor.scene.setNeedsLayout(node)
        let target = target()
        let copy = ScreenCopy(manager, second!, part: Rectangle(x: 2, y: 3, width: 8, height: 20))
        reader.roundTrip()
        #expect(copy.size == Size(width: 40, height: 16), "twice as much, and turned")
        copy.proxy.copy(buffer: target.buffer(for: copy))
        fixture.nextFrame()
        #expect(copy.isReady)
        let area = output.view.pixels(
            Rectangle(x: 2, y: 3, width: 8, height: 20).translated(by: output.bounds.origin)
        )
        let whole = fixture.picture(of: output)
        let picture = whole[area.minY..<area.maxY].map { Array($0[area.minX..<area.maxX]) }
        #expect(target.picture(copy.size) == picture)
        #expect(Set(picture.joined()).count > 100, "the window is what is captured")
    }

    @Test func `all of an output at any scale is all of its pixels`() throws {
        for scale: Scale in [1.25, 1.5, 1.1, 3] {
            try fixture.compositor.changeOutput(fixture.output) { $0.mode.scale = scale }
            let bounds = fixture.output.bounds
            let copy = capture(Rectangle(x: 0, y: 0, width: bounds.width, height: bounds.height))
            #expect(copy.size == Size(width: 200, height: 100))
        }
    }

    // MARK: Changes meanwhile

    @Test func `an output that is another one fails what was offered before`() throws {
        let copy = capture()
        let target = target()
        copy.proxy.copy(buffer: target.buffer(for: copy))
        reader.roundTrip()
        try fixture.compositor.changeOutput(fixture.output) { $0.mode.width = 210 }
        fixture.nextFrame()
        #expect(copy.hasFailed)
        try fixture.compositor.changeOutput(fixture.output) { $0.position.x = 50 }
        let moved = capture()
        #expect(moved.size == Size(width: 210, height: 100))
    }

    @Test func `an output that is taken away fails what waits for it, and what is asked for then`() {
        fixture.compositor.addOutput(OutputMode(width: 60, height: 40))
        let target = target()
        let copies = [capture(), capture(), capture()]
        copies[0].proxy.copy(buffer: target.buffer(for: copies[0]))
        copies[1].proxy.copyWithDamage(buffer: target.buffer(for: copies[1]))
        reader.roundTrip()
        fixture.compositor.removeOutput(fixture.output)
        reader.roundTrip()
        #expect(copies.allSatisfy { $0.hasFailed })
        #expect(capture().events == ["failed"])
        #expect(reader.error == nil)
    }

    @Test func `a capture outlives its manager, and no buffer`() {
        let copy = capture()
        manager.destroy()
        let target = target()
        let buffer = target.buffer(for: copy)
        copy.proxy.copy(buffer: buffer)
        fixture.nextFrame()
        #expect(copy.isReady)
        let other = ScreenCopy(reader.bind(ZwlrScreencopyManagerV1.self), reader.output)
        reader.roundTrip()
        other.proxy.copy(buffer: buffer)
        buffer.destroy()
        fixture.nextFrame()
        #expect(other.hasFailed && reader.error == nil)
    }
}
