@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// wl_surface: double-buffered state, what it looks like, and when its client hears of frames.
@Suite(.serialized) struct SurfaceTests {
    let fixture = Fixture { $0.drawsAlways = true }
    let client: TestClient
    let background = DrawList.background

    init() {
        client = fixture.connect()
    }

    /// A window at the output's corner that shows `buffer`.
    private func window(showing buffer: WlBuffer, _ prepare: (WlSurface) -> Void = { _ in }) -> TestWindow {
        let window = TestWindow(client)
        prepare(window.surface)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        return window
    }

    @Test func nothingShowsBeforeTheCommit() {
        let window = window(showing: TestPool(client, size: 4_000).buffer(10, 10, color: 0xff0000))
        #expect(fixture.pixel(5, 5) == 0xff0000)
        window.surface.attach(buffer: TestPool(client, size: 4_000).buffer(10, 10, color: 0x0000ff), x: 0, y: 0)
        window.surface.damage(x: 0, y: 0, width: 10, height: 10)
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x0000ff)
    }

    @Test func onlyWhatIsDamagedIsDrawnAnew() {
        let pool = TestPool(client, size: 8_000)
        let window = window(showing: pool.buffer(20, 20, color: 0xff0000))
        let second = pool.buffer(20, 20, color: 0x0000ff, at: 1_600)
        window.surface.attach(buffer: second, x: 0, y: 0)
        window.surface.damage(x: 0, y: 0, width: 10, height: 10)
        window.surface.damageBuffer(x: 15, y: 15, width: 5, height: 5)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0x0000ff)
        #expect(fixture.pixel(17, 17) == 0x0000ff)
        #expect(fixture.pixel(12, 12) == 0xff0000)
    }

    @Test func damageOfTheSurfaceIsScaledAndTurnedToTheBuffer() {
        let pool = TestPool(client, size: 16_000)
        // 40x20 buffer pixels turned a quarter are 10x20 surface units at scale 2.
        let window = window(showing: pool.buffer(40, 20, color: 0xff0000)) {
            $0.setBufferScale(scale: 2)
            $0.setBufferTransform(transform: ._90)
        }
        #expect(fixture.pixel(9, 19) == 0xff0000)
        #expect(fixture.pixel(10, 0) == background)
        window.surface.attach(buffer: pool.buffer(40, 20, color: 0x00ff00, at: 3_200), x: 0, y: 0)
        window.surface.damage(x: 0, y: 10, width: 5, height: 5)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(2, 12) == 0x00ff00)
        #expect(fixture.pixel(7, 12) == 0xff0000)
        #expect(fixture.pixel(2, 7) == 0xff0000)
        #expect(fixture.pixel(2, 17) == 0xff0000)
    }

    @Test(arguments: Orientation.allCases)
    func aTurnedBufferIsTurnedBack(orientation: Orientation) {
        // What is to be seen: 6x4 pixels, each different.
        let (width, height) = (6, 4)
        func seen(_ x: Int, _ y: Int) -> UInt32 { UInt32(x * 40) << 16 | UInt32(y * 60) << 8 | 0x55 }
        let size = Size(width: width, height: height)
        let bufferSize = orientation.apply(to: size)
        var pixels = [UInt32](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                let place = turned(Point(x: x, y: y), size, orientation)
                pixels[place.y * bufferSize.width + place.x] = seen(x, y)
            }
        }
        let buffer = TestPool(client, size: 96).buffer(bufferSize.width, bufferSize.height) { x, y in
            pixels[y * bufferSize.width + x]
        }
        _ = window(showing: buffer) { $0.setBufferTransform(transform: .init(rawValue: orientation.rawValue)) }
        let picture = fixture.picture()
        for y in 0..<height {
            for x in 0..<width { #expect(picture[y][x] == seen(x, y), "\(x), \(y)") }
        }
    }

    /// Where a pixel goes when content is mirrored, if so, and then turned counter-clockwise in quarters: step by step,
    /// as the protocol describes it.
    private func turned(_ point: Point, _ size: Size, _ orientation: Orientation) -> Point {
        var (point, size) = (point, size)
        if orientation.rawValue >= 4 { point.x = size.width - 1 - point.x }
        for _ in 0..<(orientation.rawValue % 4) {
            // The right edge becomes the top edge.
            point = Point(x: point.y, y: size.width - 1 - point.x)
            size = size.transposed
        }
        return point
    }

    @Test func translucentPixelsAreBlendedOverWhatIsBehind() {
        _ = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0x00ff00))
        let pool = TestPool(client, size: 400)
        // Half transparent red, multiplied by alpha.
        _ = window(showing: pool.buffer(10, 10, color: 0x8080_0000, format: .argb8888))
        #expect(fixture.pixel(5, 5) == 0x807f00)
    }

    @Test func xrgbIsOpaqueWhateverItsFourthByte() {
        _ = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0x0012_3456))
        #expect(fixture.pixel(5, 5) == 0x123456)
    }

    @Test func anOpaqueRegionHidesWhatIsBehindAndIsCopied() {
        _ = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0x00ff00))
        // The client lies: these pixels are transparent. Where it promised otherwise, they are taken as they are.
        let buffer = TestPool(client, size: 400).buffer(10, 10, color: 0x0012_3456, format: .argb8888)
        let region = client.compositor.createRegion()
        region.add(x: 0, y: 0, width: 5, height: 10)
        _ = window(showing: buffer) { $0.setOpaqueRegion(region: region) }
        #expect(fixture.pixel(2, 5) == 0x123456)
        // Without alpha the colours are added.
        #expect(fixture.pixel(7, 5) == 0x12ff56)
    }

    @Test func aNullBufferTakesTheWindowAway() {
        let window = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        window.show(nil)
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == background)
        #expect(fixture.compositor.scene.nodes.isEmpty)
    }

    @Test func aSmallerBufferUncoversWhatIsBehind() {
        let window = window(showing: TestPool(client, size: 1_600).buffer(20, 20, color: 0xff0000))
        window.show(TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        fixture.nextFrame()
        #expect(fixture.pixel(15, 15) == background)
        #expect(fixture.pixel(5, 5) == 0xff0000)
    }

    @Test func theFrameAfterManyPartialOnesIsTheSameAsADrawnAfresh() {
        let pool = TestPool(client, size: 200 * 100 * 4)
        var generator = Numbers(seed: 7)
        let window = window(showing: pool.buffer(200, 100, color: 0))
        for _ in 0..<40 {
            let (x, y) = (Int32(generator.next(200)), Int32(generator.next(100)))
            let (width, height) = (Int32(1 + generator.next(60)), Int32(1 + generator.next(40)))
            let color = UInt32(generator.next(1 << 24))
            // Drawn into the buffer that is shown, as a client with a single one does.
            for row in Int(y)..<min(100, Int(y + height)) {
                let count = min(200, Int(x + width)) - Int(x)
                TestFile.write([UInt32](repeating: color, count: count), to: pool.file, at: (row * 200 + Int(x)) * 4)
            }
            window.surface.damage(x: x, y: y, width: width, height: height)
            window.surface.commit()
            fixture.nextFrame()
        }
        let partial = fixture.picture()
        fixture.output.addDamage(Region(fixture.output.bounds))
        fixture.nextFrame()
        #expect(fixture.picture() == partial)
    }

    @Test(arguments: [
        ("scale 0", "wl_surface 0"), ("scale -1", "wl_surface 0"), ("transform 8", "wl_surface 1"),
        ("transform -1", "wl_surface 1"), ("odd size", "wl_surface 2"), ("offset", "wl_surface 3"),
    ])
    func nonsenseIsAProtocolError(what: String, error: String) {
        let surface = TestWindow(client).surface
        switch what {
        case "scale 0": surface.setBufferScale(scale: 0)
        case "scale -1": surface.setBufferScale(scale: -1)
        case "transform 8": surface.setBufferTransform(transform: .unrecognized(8))
        case "transform -1": surface.setBufferTransform(transform: .unrecognized(.max))
        case "offset": surface.attach(buffer: nil, x: 1, y: 0)
        default:
            surface.setBufferScale(scale: 2)
            surface.attach(buffer: TestPool(client, size: 400).buffer(9, 10, color: 0), x: 0, y: 0)
            surface.commit()
        }
        client.roundTrip()
        #expect(client.error == error)
    }

    @Test func hugeDamageAndRegionsAreHarmless() {
        let window = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        for (x, y, width, height): (Int32, Int32, Int32, Int32) in [
            (.max, .max, .max, .max), (.min, .min, .max, .max), (0, 0, .max, .max), (.min, 0, .min, 1), (5, 5, 0, -1),
        ] {
            window.surface.damage(x: x, y: y, width: width, height: height)
            window.surface.damageBuffer(x: x, y: y, width: width, height: height)
            let region = client.compositor.createRegion()
            region.add(x: x, y: y, width: width, height: height)
            region.subtract(x: y, y: x, width: height, height: width)
            window.surface.setOpaqueRegion(region: region)
            window.surface.setInputRegion(region: region)
            window.surface.setBufferScale(scale: 1)
            window.surface.commit()
        }
        fixture.nextFrame()
        #expect(client.error == nil)
    }

    @Test func aScaleBeyondReasonIsHarmless() {
        let surface = client.compositor.createSurface()
        surface.setBufferScale(scale: .max)
        surface.damage(x: .min, y: .min, width: .max, height: .max)
        surface.commit()
        #expect(client.roundTrip())
    }

    @Test func thousandsOfDamageRectanglesBecomeOne() {
        let window = window(showing: TestPool(client, size: 40_000).buffer(100, 100, color: 0xff0000))
        for index: Int32 in 0..<2_000 {
            window.surface.damage(x: index % 100, y: index * 7 % 100, width: 1, height: 1)
            if index % 100 == 0 { client.roundTrip() }
        }
        let surface = (fixture.compositor.scene.nodes[0] as! Window).items[0].drawable as! Surface
        client.roundTrip()
        #expect(surface.pending.surfaceDamage.region.rectangleCount <= Limits().damageRectangles)
        #expect(surface.pending.surfaceDamage.region.bounds == Rectangle(x: 0, y: 0, width: 100, height: 100))
    }

    // MARK: Frame callbacks

    @Test func aFrameCallbackComesWithTheNextFrameAndNotBefore() {
        let window = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        var times: [UInt32] = []
        window.surface.frame().onDone = { times.append($0) }
        fixture.nextFrame()
        #expect(times.isEmpty, "it belongs to a commit that hasn't come")
        window.surface.commit()
        fixture.pump()
        #expect(times.isEmpty)
        fixture.nextFrame()
        #expect(times.count == 1)
    }

    @Test func frameTimesGrowByTheOutputsPeriod() {
        let window = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        var times: [UInt32] = []
        for _ in 0..<5 {
            window.surface.frame().onDone = { times.append($0) }
            window.surface.commit()
            fixture.nextFrame()
        }
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 20 })
        #expect(times.count == 5)
    }

    @Test func hiddenSurfacesGetOneCallbackASecond() {
        let hidden = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        _ = window(showing: TestPool(client, size: 1_600).buffer(20, 20, color: 0x00ff00))
        var count = 0
        hidden.surface.frame().onDone = { _ in count += 1 }
        hidden.surface.commit()
        for _ in 0..<10 { fixture.nextFrame() }
        #expect(count == 0)
        fixture.clock.advance(by: HiddenFrames.period)
        fixture.pump()
        #expect(count == 1)
    }

    @Test func surfacesWithoutARoleGetCallbacksToo() {
        let surface = client.compositor.createSurface()
        var count = 0
        surface.frame().onDone = { _ in count += 1 }
        surface.commit()
        fixture.pump()
        fixture.clock.advance(by: HiddenFrames.period)
        fixture.pump()
        #expect(count == 1)
    }

    @Test func aSurfaceThatIsUncoveredGetsItsCallbackAtOnce() {
        let hidden = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000))
        let cover = window(showing: TestPool(client, size: 1_600).buffer(20, 20, color: 0x00ff00))
        var count = 0
        hidden.surface.frame().onDone = { _ in count += 1 }
        hidden.surface.commit()
        fixture.nextFrame()
        cover.show(nil)
        fixture.nextFrame()
        fixture.nextFrame()
        #expect(count == 1)
    }

    @Test func withoutDamageOrCallbackNothingIsArmed() {
        for _ in 0..<16 { _ = window(showing: TestPool(client, size: 400).buffer(10, 10, color: 0xff0000)) }
        for _ in 0..<3 { fixture.nextFrame() }
        #expect(fixture.clock.armedCount == 0)
        let frame = fixture.output.frames.newest?.frame
        fixture.clock.advance(by: 10_000_000_000)
        #expect(frame != nil && fixture.output.frames.newest?.frame == frame)
    }

    // MARK: Release

    @Test func aMappedBufferIsReleasedWhenAnotherTakesItsPlace() {
        let pool = TestPool(client, size: 800)
        let (first, second) = (pool.buffer(10, 10, color: 1), pool.buffer(10, 10, color: 2, at: 400))
        var released: [String] = []
        first.onRelease = { released.append("first") }
        second.onRelease = { released.append("second") }
        let window = window(showing: first)
        #expect(released.isEmpty)
        window.show(second)
        client.roundTrip()
        #expect(released == ["first"])
        window.show(nil)
        client.roundTrip()
        #expect(released == ["first", "second"])
    }

    @Test func aBufferOnTwoSurfacesIsReleasedByTheLast() {
        let buffer = TestPool(client, size: 400).buffer(10, 10, color: 1)
        var count = 0
        buffer.onRelease = { count += 1 }
        let (first, second) = (window(showing: buffer), window(showing: buffer))
        first.show(nil)
        client.roundTrip()
        #expect(count == 0)
        second.show(nil)
        client.roundTrip()
        #expect(count == 1)
    }

    @Test func aCopiedBufferIsReleasedByTheCommit() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let window = TestWindow(client)
        let file = TestFile.posix(400)
        let buffer = client.shm.createPool(fd: file, size: 400)
            .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
        var count = 0
        buffer.onRelease = { count += 1 }
        window.show(buffer)
        client.roundTrip()
        #expect(count == 1)
    }

    @Test func aCopyIsUpdatedWhereItIsDamaged() {
        let fixture = Fixture {
            $0.shmPolicy = .copy
            $0.drawsAlways = true
        }
        let client = fixture.connect()
        let window = TestWindow(client)
        let file = TestFile.posix(400)
        TestFile.write([UInt32](repeating: 0xff0000, count: 100), to: file)
        let buffer = client.shm.createPool(fd: file, size: 400)
            .createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        TestFile.write([UInt32](repeating: 0x0000ff, count: 100), to: file)
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.damage(x: 0, y: 4, width: 10, height: 2)
        window.surface.commit()
        fixture.nextFrame()
        #expect([3, 4, 5, 6].map { fixture.pixel(5, $0) } == [0xff0000, 0x0000ff, 0x0000ff, 0xff0000])
    }

    @Test func aBufferThatIsDestroyedStaysOnTheScreen() {
        let pool = TestPool(client, size: 400)
        let buffer = pool.buffer(10, 10, color: 0xff0000)
        let window = window(showing: buffer)
        buffer.destroy()
        pool.pool.destroy()
        window.surface.damage(x: 0, y: 0, width: 10, height: 10)
        window.surface.commit()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
    }

    @Test func aPoolThatGrewKeepsTheOldMappingWhileItIsShown() {
        let pool = TestPool(client, size: 4_096)
        let window = window(showing: pool.buffer(10, 10, color: 0xff0000))
        TestFile.truncate(pool.file, to: 8_192)
        pool.pool.resize(size: 8_192)
        fixture.nextFrame()
        #expect(mappingCount(named: "signet-test") == 1)
        fixture.output.addDamage(Region(fixture.output.bounds))
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff0000)
        window.show(pool.buffer(10, 10, color: 0x0000ff, at: 4_096))
        fixture.nextFrame()
        Disposal.drain()
        #expect(fixture.pixel(5, 5) == 0x0000ff)
        #expect(mappingCount(named: "signet-test") == 1)
    }
}

/// Numbers that look random and are the same every time.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
