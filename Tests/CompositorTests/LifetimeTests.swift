@testable import Compositor
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// What is left when clients, or the compositor itself, are gone: nothing.
@Suite(.serialized) struct LifetimeTests {
    @Test func aCompositorMayEndWithClientsInEveryOrder() {
        for count in 1...3 {
            let fixture = Fixture()
            for _ in 0..<count {
                let client = fixture.connect()
                let window = TestWindow(client)
                window.show(TestPool(client, size: 400).buffer(10, 10, color: 1))
                client.roundTrip()
            }
            // Each window that goes makes another the active one, which hears of it.
            fixture.nextFrame()
        }
    }

    /// Who has many objects is taken to pieces in many turns.
    @Test func `a compositor may end while a client that has left is taken to pieces`() {
        let fixture = Fixture()
        let client = fixture.connect()
        for index in 0..<50_000 {
            client.compositor.createRegion()
            if index % 1_000 == 0 { client.roundTrip() }
        }
        let windows = [TestWindow(client), TestWindow(client)]
        // The first one goes first, which makes the other the active one.
        for window in windows.reversed() {
            window.show(TestPool(client, size: 400).buffer(10, 10, color: 1))
            client.roundTrip()
        }
        fixture.disconnect(client)
        #expect(fixture.compositor.scene.nodes.count == 2)
    }

    @Test func aCompositorWithClientsLeavesNothingBehind() {
        Disposal.drain()
        let descriptors = openDescriptorCount()
        let mappings = mappingCount(named: "signet")
        weak var compositor: Compositor?
        weak var scene: Scene?
        weak var output: Output?
        do {
            let fixture = Fixture()
            let client = fixture.connect()
            let window = TestWindow(client)
            window.show(TestPool(client, size: 400).buffer(10, 10, color: 1))
            window.surface.frame()
            let manager = client.bind(SignetSealedFrameManagerV1.self)
            manager.createSession(output: client.output).nextFrame()
            fixture.compositor.send(.pointerMotion(to: Position(x: 5, y: 5)))
            fixture.nextFrame()
            (compositor, scene, output) = (fixture.compositor, fixture.compositor.scene, fixture.output)
        }
        Disposal.drain()
        #expect(compositor == nil)
        #expect(scene == nil)
        #expect(output == nil)
        #expect(openDescriptorCount() == descriptors)
        #expect(mappingCount(named: "signet") == mappings)
    }

    @Test func `a compositor with a client's cursor leaves nothing behind`() {
        weak var scene: Scene?
        weak var output: Output?
        do {
            let fixture = Fixture()
            let client = fixture.connect()
            TestWindow(client).show(TestPool(client, size: 80_000).buffer(200, 100, color: 1))
            var serial: UInt32 = 0
            let pointer = client.seat.getPointer()
            pointer.onEnter = { entered, _, _, _ in serial = entered }
            client.roundTrip()
            fixture.compositor.send(.pointerMotion(to: Position(x: 20, y: 20)))
            client.roundTrip()
            let cursor = client.compositor.createSurface()
            pointer.setCursor(serial: serial, surface: cursor, hotspotX: 0, hotspotY: 0)
            cursor.attach(buffer: TestPool(client, size: 400).buffer(10, 10, color: 1), x: 0, y: 0)
            cursor.commit()
            fixture.nextFrame()
            (scene, output) = (fixture.compositor.scene, fixture.output)
        }
        #expect(scene == nil)
        #expect(output == nil)
    }

    /// A client stops after each of these steps, one after the other.
    @Test func aClientThatLeavesAtAnyPointLeavesNothingBehind() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        fixture.nextFrame()
        func life(steps: Int) {
            let client = fixture.connect()
            var rest = steps
            func step(_ body: () -> Void) {
                guard rest > 0 else { return }
                rest -= 1
                body()
                client.roundTrip()
            }
            var surface: WlSurface!
            var shellSurface: XdgSurface!
            var toplevel: XdgToplevel!
            var pool: TestPool!
            var buffer: WlBuffer!
            step { surface = client.compositor.createSurface() }
            step { shellSurface = client.wmBase.getXdgSurface(surface: surface) }
            step { toplevel = shellSurface.getToplevel() }
            step {
                shellSurface.onConfigure = { [unowned shellSurface] in shellSurface!.ackConfigure(serial: $0) }
                surface.commit()
            }
            step { pool = TestPool(client, size: 400) }
            step { buffer = pool.buffer(10, 10, color: 0xff0000) }
            step { surface.attach(buffer: buffer, x: 0, y: 0) }
            step { surface.frame() }
            step { surface.commit() }
            step { fixture.nextFrame() }
            step { surface.attach(buffer: nil, x: 0, y: 0) }
            step { surface.commit() }
            step { toplevel.destroy() }
            step { shellSurface.destroy() }
            step { surface.destroy() }
            fixture.disconnect(client)
            fixture.nextFrame()
            #expect(fixture.pixel(30, 30) == DrawList.background)
            // Nobody looks for a second: what was drawn into goes.
            fixture.clock.advance(by: 1_000_000_000)
            fixture.pump()
        }
        life(steps: 15)
        Disposal.drain()
        let descriptors = openDescriptorCount()
        for steps in 0...15 {
            life(steps: steps)
            Disposal.drain()
            #expect(openDescriptorCount() == descriptors, "after \(steps) steps")
            #expect(mappingCount(named: "signet-test") == 0, "after \(steps) steps")
            #expect(fixture.compositor.scene.nodes.isEmpty, "after \(steps) steps")
            #expect(fixture.compositor.clientCount == 1, "who looks, after \(steps) steps")
        }
        fixture.clock.advance(by: 2_000_000_000)
        #expect(fixture.clock.armedCount == 0)
    }

    @Test func oneProcessHasSoManyConnectionsAndNoMore() {
        let fixture = Fixture { $0.limits.clientsPerProcess = 3 }
        let clients = (0..<5).map { _ in fixture.connect() }
        #expect(clients.map { $0.roundTrip() } == [true, true, true, false, false])
        fixture.disconnect(clients[0])
        #expect(fixture.connect().roundTrip())
    }

    @Test func allClientsTogetherHaveALimit() {
        let fixture = Fixture { $0.limits.clients = 2 }
        let clients = (0..<3).map { _ in fixture.connect() }
        #expect(clients.map { $0.roundTrip() } == [true, true, false])
    }
}
