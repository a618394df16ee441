@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import Synchronization
import TestSupport
import Testing
import WaylandClient

/// Pixels that are looked at and read on clients' lanes.
@Suite struct LaneTests {
    /// A client that draws each frame anew, into one of its free buffers, and tells only what has changed since the
    /// last one.
    private final class Drawer {
        static let size = 20
        private let fixture: Fixture
        private let client: TestClient
        private let surface: WlSurface
        private let file: Descriptor
        private var buffers: [(buffer: WlBuffer, offset: Int)] = []
        private var free: [Int] = []
        private(set) var picture = [UInt32](repeating: 0x101010, count: size * size)

        init(_ fixture: Fixture, _ client: TestClient, on surface: WlSurface, _ file: consuming Descriptor) {
            self.fixture = fixture
            self.client = client
            self.surface = surface
            let pool = client.shm.createPool(fd: file, size: 1 << 20)
            self.file = file
            for index in 0..<4 {
                let offset = index * 40_000
                let buffer = pool.createBuffer(
                    offset: Int32(offset),
                    width: Int32(Self.size),
                    height: Int32(Self.size),
                    stride: Int32(Self.size * 4),
                    format: .xrgb8888
                )
                buffer.onRelease = { [weak self] in self?.free.append(index) }
                buffers.append((buffer, offset))
                free.append(index)
            }
        }

        /// Changes something and commits it; false where no buffer is free.
        func draw(using random: inout some RandomNumberGenerator, whole: Bool) -> Bool {
            guard let index = free.randomElement(using: &random) else { return false }
            free.removeAll { $0 == index }
            surface.attach(buffer: buffers[index].buffer, x: 0, y: 0)
            for _ in 0..<(whole ? 1 : Int.random(in: 0...3, using: &random)) {
                let x = whole ? 0 : Int.random(in: 0..<Self.size, using: &random)
                let y = whole ? 0 : Int.random(in: 0..<Self.size, using: &random)
                let width = whole ? Self.size : Int.random(in: 1...Self.size - x, using: &random)
                let height = whole ? Self.size : Int.random(in: 1...Self.size - y, using: &random)
                let color = UInt32.random(in: 0...0xff_ffff, using: &random)
                for row in y..<y + height {
                    for column in x..<x + width { picture[row * Self.size + column] = color }
                }
                surface.damage(x: Int32(x), y: Int32(y), width: Int32(width), height: Int32(height))
            }
            TestFile.write(picture, to: file, at: buffers[index].offset)
            surface.commit()
            return true
        }
    }

    /// A file that the policy takes.
    private func file(for policy: ShmPolicy) -> Descriptor {
        policy == .copy ? TestFile.posix(1 << 20) : TestFile.memfd(1 << 20, seals: policy == .strict ? .shrink : [])
    }

    private func shown(_ fixture: Fixture) -> [UInt32] {
        fixture.picture().prefix(Drawer.size).flatMap { $0.prefix(Drawer.size) }
    }

    @Test(arguments: ShmPolicy.allCases, [false, true])
    func `what is shown is what was committed`(policy: ShmPolicy, isWhole: Bool) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<12 {
            let fixture = Fixture { $0.shmPolicy = policy }
            let client = fixture.connect()
            let window = TestWindow(client)
            let file = file(for: policy)
            // Then it is mapped as soon as it is sealed; otherwise holes are looked for.
            if isWhole { TestFile.write(bytes: [UInt8](repeating: 1, count: 1 << 20), to: file) }
            let drawer = Drawer(fixture, client, on: window.surface, file)
            #expect(drawer.draw(using: &random, whole: true))
            window.moveToCorner()
            for _ in 0..<60 {
                if !drawer.draw(using: &random, whole: false) || Int.random(in: 0...2, using: &random) == 0 {
                    fixture.nextFrame()
                }
            }
            fixture.nextFrame()
            fixture.nextFrame()
            #expect(client.error == nil)
            #expect(shown(fixture) == drawer.picture)
            withExtendedLifetime(window) {}
        }
    }

    @Test func `a copy that was never read is nobody's base`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 1 << 20)
        // The first one is all there, which its lane finds out; the second has a hole in its last row.
        let whole = pool.buffer(20, 204, color: 0xff0000)
        let holed = pool.pool.createBuffer(offset: 16_384, width: 20, height: 204, stride: 80, format: .xrgb8888)
        TestFile.write([UInt32](repeating: 0xff0000, count: 2_048), to: pool.file, at: 16_384)
        func commit(_ buffer: WlBuffer, height: Int32) {
            window.surface.attach(buffer: buffer, x: 0, y: 0)
            window.surface.damage(x: 0, y: 0, width: 20, height: height)
            window.surface.commit()
        }
        commit(whole, height: 204)
        commit(holed, height: 204)
        window.moveToCorner()
        commit(holed, height: 1)
        fixture.nextFrame()
        fixture.nextFrame()
        #expect(client.error == nil && shown(fixture).allSatisfy { $0 == 0xff0000 })
    }

    @Test func `a client may leave at any time while its lane is at work`() {
        var random = SystemRandomNumberGenerator()
        let before = openDescriptorCount()
        for round in 0..<60 {
            let policy = ShmPolicy.allCases[round % 3]
            let fixture = Fixture { $0.shmPolicy = policy }
            fixture.waitsForLanes = false
            let client = fixture.connect()
            let window = TestWindow(client)
            let file = file(for: policy)
            let drawer = Drawer(fixture, client, on: window.surface, file)
            for _ in 0..<Int.random(in: 1...5, using: &random) { _ = drawer.draw(using: &random, whole: false) }
            for _ in 0..<Int.random(in: 0...4, using: &random) { fixture.compositor.dispatch(timeout: 0) }
            if round % 2 == 0 { window.surface.destroy() }
            client.connection.flush()
            fixture.compositor.dispatch(timeout: 0)
            fixture.disconnect(client)
            fixture.waitsForLanes = true
            fixture.nextFrame()
            for resource in ClientAccount.Resource.allCases {
                #expect(fixture.compositor.ledger.usage(of: resource) == 0, "\(resource)")
            }
        }
        Disposal.drain()
        for _ in 0..<1_000 where openDescriptorCount() > before { usleep(1_000) }
        #expect(openDescriptorCount() <= before)
    }

    @Test func `what is stuck on one lane holds up no other process's, and its own process's for a while`() throws {
        try LaneThreads.shared.start()
        let threads = LaneThreads.shared
        let gate = Gate()
        // More than one process may have stuck; the rest waits for them.
        let stuck = (0..<8).map { _ in threads.makeLane() }
        let (one, another) = (owner(-7), owner(-8))
        for lane in stuck { threads.hand(over: .init(lane: lane, place: 0, owner: one) { gate.pass() }) }
        let done = Counter()
        let other = threads.makeLane()
        for place in 0..<100 {
            threads.hand(over: .init(lane: other, place: UInt64(place), owner: another) { done.add(place) })
        }
        #expect(eventually { done.values.count == 100 })
        #expect(done.values == Array(0..<100))
        #expect(eventually { gate.waiting == 4 } && gate.waiting <= 4)
        gate.open()
        #expect(eventually { gate.passed == 8 })
        for (lane, place, owner) in stuck.map({ ($0, 1, one) }) + [(other, 100, another)] {
            threads.hand(over: .init(lane: lane, place: UInt64(place), owner: owner, isLast: true) { true })
        }
        #expect(eventually { threads.unfinishedCount == 0 })
    }

    private func owner(_ process: Int64) -> LaneThreads.Owner { .init(process: process, user: 0) }

    /// Neither what nothing was ever done on, nor what comes to its end, waits for what is stuck.
    @Test func `lanes that end leave nothing behind what is stuck`() throws {
        try LaneThreads.shared.start()
        let (threads, gate) = (LaneThreads.shared, Gate())
        #expect(eventually { threads.unfinishedCount == 0 })
        let stuck = (0..<6).map { _ in threads.makeLane() }
        for lane in stuck { threads.hand(over: .init(lane: lane, place: 0, owner: owner(-9)) { gate.pass() }) }
        #expect(eventually { gate.waiting == 4 })
        for _ in 0..<1_000 {
            threads.hand(over: .init(lane: threads.makeLane(), place: 0, owner: owner(-9), isLast: true) { true })
        }
        #expect(eventually { threads.unfinishedCount == 6 })
        let fixture = Fixture()
        for _ in 0..<20 { fixture.disconnect(fixture.connect()) }
        #expect(threads.unfinishedCount == 6, "a client that asked for nothing")
        for lane in stuck { threads.hand(over: .init(lane: lane, place: 1, owner: owner(-9), isLast: true) { true }) }
        gate.open()
        #expect(eventually { threads.unfinishedCount == 0 })
    }

    @Test func `commits whose surfaces are gone wait for no pool`() throws {
        let fixture = Fixture { $0.shmPolicy = .seal }
        fixture.waitsForLanes = false
        let client = fixture.connect()
        client.roundTrip()
        let account = try #require(fixture.compositor.accounts.first)
        let gate = Gate()
        account.lane.add({ _ in _ = gate.pass() }) { _ in }
        let pool = TestPool(client, size: 4_096, seals: [])
        let buffer = pool.buffer(4, 4, color: 1)
        for _ in 0..<300 {
            let surface = client.compositor.createSurface()
            surface.attach(buffer: buffer, x: 0, y: 0)
            surface.damageBuffer(x: 0, y: 0, width: 4, height: 4)
            surface.commit()
            surface.destroy()
        }
        client.roundTrip()
        #expect(account.usage(of: .lookups) < 10 && account.usage(of: .commits) < 10)
        let surface = client.compositor.createSurface()
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.commit()
        client.roundTrip()
        let waiting = account.usage(of: .lookups)
        gate.open()
        fixture.waitsForLanes = true
        client.roundTrip()
        #expect(client.error == nil && account.usage(of: .lookups) < waiting)
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5_000 {
            if condition() { return true }
            usleep(1_000)
        }
        return false
    }
}

/// What holds those who pass until it is opened.
private final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting = 0
        var passed = 0
    }

    private let state = Mutex(State())

    var waiting: Int { state.withLock(\.waiting) }
    var passed: Int { state.withLock(\.passed) }

    func open() { state.withLock { $0.isOpen = true } }

    func pass() -> Bool {
        state.withLock { $0.waiting += 1 }
        while !state.withLock(\.isOpen) { usleep(1_000) }
        state.withLock { state in
            state.waiting -= 1
            state.passed += 1
        }
        return true
    }
}

/// Numbers from other threads, in the order in which they came.
private final class Counter: Sendable {
    private let numbers = Mutex<[Int]>([])

    var values: [Int] { numbers.withLock { $0 } }

    func add(_ number: Int) -> Bool {
        numbers.withLock { $0.append(number) }
        return true
    }
}
