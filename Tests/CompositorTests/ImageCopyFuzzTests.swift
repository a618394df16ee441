@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Windows change in any order; what was captured bit by bit is always what is captured all at once.
@Suite(.serialized) struct ImageCopyFuzzTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state
            mixed ^= mixed >> 33
            mixed = mixed &* 0xff51_afd7_ed55_8ccd
            return mixed ^ mixed >> 33
        }
    }

    /// A session that keeps one buffer up to date.
    private final class Follower {
        let session: ImageCopySessionClient
        private let reader: TestClient
        private var target: CopyTarget?
        private var buffer: WlBuffer?
        private var size = Size(width: 0, height: 0)
        private var waiting: ImageCopy?

        init(_ session: ImageCopySessionClient, _ reader: TestClient) {
            self.session = session
            self.reader = reader
        }

        /// Takes what has come, and asks for more.
        func goOn() {
            for _ in 0..<6 {
                if let waiting {
                    guard waiting.isAnswered else {
                        reader.fixture.nextFrame()
                        if waiting.isAnswered { continue }
                        return
                    }
                    if waiting.failure != nil { size = Size(width: 0, height: 0) }
                    waiting.proxy.destroy()
                    self.waiting = nil
                }
                if session.isStopped { return }
                let isNew = size != session.size
                if isNew {
                    size = session.size
                    let byteCount = max(4, size.width * size.height * 4)
                    target = CopyTarget(reader, TestFile.memfd(byteCount, seals: .shrink), size: byteCount)
                    buffer = target!.buffer(size.width, size.height)
                }
                let copy = session.frame()
                copy.capture(into: buffer!, stale: isNew ? [size.bounds] : [])
                waiting = copy
                reader.fixture.nextFrame()
            }
        }

        func end() {
            waiting?.proxy.destroy()
            session.proxy.destroy()
        }

        var picture: [[UInt32]]? { session.isStopped ? nil : target?.picture(size) }
    }

    @Test(arguments: 1..<4) func `what is captured bit by bit is what is there`(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed) &* 7_919)
        let fixture = Fixture { $0.shmPolicy = .copy }
        let scales = [120, 150, 160, 180, 240]
        try fixture.compositor.changeOutput(fixture.output) {
            $0.mode.scale = Scale(in120ths: scales[seed % scales.count])
        }
        if seed % 3 == 0 { fixture.compositor.addOutput(OutputMode(width: 90, height: 70, refresh: 60_000)) }
        let client = fixture.connect()
        let pool = TestPool(client, size: 4 << 20)
        var offset = 0
        func buffer(_ width: Int, _ height: Int) -> WlBuffer {
            let (color, start) = (UInt32(numbers.next() & 0xff_ffff), offset)
            offset = (offset + 16_384) % (4 << 20)
            return pool.buffer(width, height, at: start) { x, y in color ^ UInt32((x & 7) * 0x1f1f | (y & 7) << 4) }
        }
        let windows = [TestWindow(client), TestWindow(client)]
        var sizes = [(30, 20), (40, 30)]
        let child = SubsurfaceTests.Child(client, of: windows[0].surface, at: 3, 4, desync: true)
        for index in 0..<2 { windows[index].show(buffer(sizes[index].0, sizes[index].1)) }
        child.show(0xff, 5, 5)
        windows[0].toplevel.setTitle(title: "captured")
        fixture.compositor.send(.pointerMotion(to: Position(x: 20, y: 20)))
        fixture.nextFrame()
        let reader = fixture.connect()
        let manager = reader.bind(ExtImageCopyCaptureManagerV1.self)
        let handle = WindowEar(reader).windows.first { $0.title == "captured" }!.proxy
        let sources = [
            reader.bind(ExtForeignToplevelImageCaptureSourceManagerV1.self).createSource(toplevelHandle: handle),
            reader.bind(ExtOutputImageCaptureSourceManagerV1.self).createSource(output: reader.output),
        ]
        func session(_ kind: Int) -> ImageCopySessionClient {
            let new = ImageCopySessionClient(
                manager.createSession(source: sources[kind / 2], options: kind % 2 == 0 ? [] : .paintCursors)
            )
            reader.roundTrip()
            return new
        }
        let followers = (0..<4).map { Follower(session($0), reader) }
        let node = fixture.compositor.windows.windows.first { $0.title == "captured" }!
        for step in 0..<4 {
            var log: [String] = []
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                let index = Int.random(in: 0..<2, using: &numbers)
                let operation = Int.random(in: 0..<11, using: &numbers)
                log.append("\(operation) of \(index)")
                switch operation {
                case 0: windows[index].show(buffer(sizes[index].0, sizes[index].1))
                case 1:
                    sizes[index] = (
                        Int.random(in: 1...60, using: &numbers), Int.random(in: 1...50, using: &numbers)
                    )
                    windows[index].show(buffer(sizes[index].0, sizes[index].1))
                case 2:
                    windows[index].surface.attach(buffer: buffer(sizes[index].0, sizes[index].1), x: 0, y: 0)
                    windows[index].surface.damage(x: 0, y: 0, width: 400, height: 400)
                    windows[index].surface.commit()
                case 3: child.show(UInt32.random(in: 0...0xff_ffff, using: &numbers), 7, 6)
                case 4:
                    child.subsurface.setPosition(
                        x: Int32.random(in: -5...40, using: &numbers),
                        y: Int32.random(in: -5...40, using: &numbers)
                    )
                    windows[0].surface.commit()
                case 5:
                    client.roundTrip()
                    let place = Point(
                        x: Int.random(in: -20...190, using: &numbers),
                        y: Int.random(in: -20...90, using: &numbers)
                    )
                    fixture.compositor.windows.move(node, to: place)
                case 6: windows[index].toplevel.setMinimized()
                case 7: fixture.compositor.windows.activate(node)
                case 8:
                    fixture.compositor.send(
                        .pointerMotion(
                            to: Position(
                                x: Double.random(in: 0...100, using: &numbers),
                                y: Double.random(in: 0...60, using: &numbers)
                            )
                        )
                    )
                case 9:
                    let scale = scales.randomElement(using: &numbers)!
                    try fixture.compositor.changeOutput(fixture.output) { $0.mode.scale = Scale(in120ths: scale) }
                default:
                    let turn = [Orientation.normal, .rotated90, .rotated180, .flipped270].randomElement(
                        using: &numbers
                    )!
                    try fixture.compositor.changeOutput(fixture.output) { $0.orientation = turn }
                }
                client.connection.flush()
            }
            fixture.nextFrame()
            for follower in followers { follower.goOn() }
            for (kind, follower) in followers.enumerated() {
                let fresh = Follower(session(kind), reader)
                fresh.goOn()
                let isSame = fresh.picture == follower.picture && fresh.session.size == follower.session.size
                #expect(
                    isSame,
                    "seed \(seed), step \(step), session \(kind), after operations \(log)"
                )
                fresh.end()
                if !isSame { return }
            }
            #expect(reader.roundTrip() && client.roundTrip())
        }
    }
}
