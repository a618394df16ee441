@testable import Compositor
import Pixels
import TestSupport
import Testing
import WaylandClient

/// Events come in the same order in each run: none depends on the order of a dictionary, which is random.
@Suite(.serialized) struct OrderTests {
    let fixture = Fixture()
    let client: TestClient

    init() {
        client = fixture.connect()
    }

    private func windows(_ count: Int) -> [TestWindow] {
        let pool = TestPool(client, size: 400)
        return (0..<count).map { _ in
            let window = TestWindow(client)
            window.show(pool.buffer(4, 4, color: 0xff))
            client.roundTrip()
            return window
        }
    }

    @Test func `frame callbacks come in the order in which surfaces began to wait`() {
        let windows = windows(30)
        fixture.nextFrame()
        var generator = Numbers(seed: 3)
        let order = (0..<30).map { (index: $0, place: generator.next(1 << 20)) }.sorted { $0.place < $1.place }
        var heard: [Int] = []
        for (index, _) in order {
            windows[index].surface.frame().onDone = { _ in heard.append(index) }
            windows[index].surface.commit()
        }
        // Asking again keeps the place.
        windows[order[0].index].surface.frame()
        windows[order[0].index].surface.commit()
        fixture.nextFrame()
        #expect(heard == order.map(\.index))
    }

    @Test func `callbacks of surfaces that nobody sees come in order too`() {
        var heard: [Int] = []
        for index in 0..<30 {
            let surface = client.compositor.createSurface()
            surface.frame().onDone = { _ in heard.append(index) }
            surface.commit()
        }
        client.roundTrip()
        fixture.clock.advance(by: HiddenFrames.period)
        client.roundTrip()
        #expect(heard == Array(0..<30))
    }

    @Test func `surfaces leave outputs in the order in which they entered`() {
        _ = client.output
        var heard: [Int] = []
        let windows = windows(20)
        for (index, window) in windows.enumerated() {
            window.surface.onEnter = { _ in heard.append(index) }
            window.surface.onLeave = { _ in heard.append(index) }
        }
        fixture.nextFrame()
        #expect(heard == Array(0..<20))
        heard = []
        for window in windows { window.show(nil) }
        fixture.nextFrame()
        #expect(heard == Array(0..<20))
    }

    @Test func `a client's objects hear in the order in which they were made`() {
        _ = windows(1)
        var entered: [Int] = []
        let pointers = (0..<20).map { _ in client.seat.getPointer() }
        for (index, pointer) in pointers.enumerated() { pointer.onEnter = { _, _, _, _ in entered.append(index) } }
        client.roundTrip()
        pointers[7].release()
        client.roundTrip()
        let corner = (fixture.compositor.scene.nodes[0] as! Window).frame.origin
        fixture.compositor.send(.pointerMotion(to: Position(x: Double(corner.x), y: Double(corner.y))))
        client.roundTrip()
        #expect(entered == Array(0..<7) + Array(8..<20))
    }

    /// A surface was forgotten where it had come from after it was found where it went, in one of two random orders.
    @Test func `a surface that moves to another window is still drawn`() {
        for _ in 0..<12 {
            let windows = windows(2)
            let child = SubsurfaceTests.Child(client, of: windows[0].surface)
            child.show(0xff00, 2, 2)
            windows[0].surface.commit()
            fixture.nextFrame()
            child.subsurface.destroy()
            let subsurface = client.subcompositor.getSubsurface(surface: child.surface, parent: windows[1].surface)
            subsurface.setDesync()
            windows[1].surface.commit()
            fixture.nextFrame()
            child.show(0xff_ff00, 2, 2)
            fixture.nextFrame()
            let corner = (fixture.compositor.scene.nodes.last as! Window).frame.origin
            #expect(fixture.pixel(corner.x, corner.y) == 0xff_ff00)
            for window in windows { window.show(nil) }
            client.roundTrip()
        }
    }

    @Test func `a dictionary keeps its order when entries come and go`() {
        var dictionary = OrderedDictionary<Int, String>()
        var expected: [Int] = []
        var generator = Numbers(seed: 5)
        for _ in 0..<5_000 {
            let key = generator.next(40)
            if generator.next(2) == 0 {
                dictionary[key] = "\(key)"
                if !expected.contains(key) { expected.append(key) }
            } else {
                dictionary[key] = nil
                expected.removeAll { $0 == key }
            }
            #expect(dictionary.values.elementsEqual(expected.map { "\($0)" }))
            #expect(dictionary.count == expected.count && dictionary.isEmpty == expected.isEmpty)
            #expect((0..<40).allSatisfy { dictionary[$0] == (expected.contains($0) ? "\($0)" : nil) })
        }
    }
}
