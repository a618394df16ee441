@testable import Compositor
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// signet_inspect_manager_v1: what is told of clients, in which order, in which portions, and to whom.
@Suite(.serialized) struct InspectTests {
    private struct ToldSurface {
        let role: SignetInspectionV1.Role
        let size: [Int32]
        let buffer: UInt32
        let place: [Int32]?
    }

    private struct ToldBuffer {
        let number: UInt32
        let kind: SignetInspectionV1.Kind
        let reading: SignetInspectionV1.Reading
        let copies: UInt32
        let isHeld: Bool
        let id: UInt32
    }

    private struct ToldMemory {
        let tier: SignetInspectionV1.Tier
        let seals: UInt32
        let size: UInt32
        let offset: UInt32
        let device: UInt64
        let file: UInt64
    }

    /// What an inspection told.
    private final class Report {
        let proxy: SignetInspectionV1
        private(set) var events: [String] = []
        private(set) var isDone = false
        private(set) var surfaces: [ToldSurface] = []
        private(set) var buffers: [ToldBuffer] = []
        private(set) var memories: [ToldMemory] = []
        private(set) var texts: [String] = []
        private(set) var usages: [[Int64]] = []
        private(set) var resources: [String] = []
        private(set) var total: [Int64] = []

        init(_ manager: SignetInspectManagerV1) {
            proxy = manager.inspect()
            proxy.onResource = { [unowned self] name, _, _, _, _ in
                events.append("resource")
                resources.append(name)
            }
            proxy.onClient = { [unowned self] process, user, _ in
                events.append("client \(process == UInt32(getpid())) \(user == getuid())")
            }
            proxy.onUsage = { [unowned self] in
                events.append("usage")
                usages.append($0.elements(as: Int64.self))
            }
            proxy.onSurface = { [unowned self] _, role, _, width, height, _, buffer, isPlaced, x, y in
                events.append("surface")
                surfaces.append(
                    ToldSurface(
                        role: role,
                        size: [width, height],
                        buffer: buffer,
                        place: isPlaced == 0 ? nil : [x, y]
                    )
                )
            }
            proxy.onTitle = { [unowned self] in
                events.append("title")
                texts.append($0)
            }
            proxy.onApplication = { [unowned self] in
                events.append("application")
                texts.append($0)
            }
            proxy.onOutput = { [unowned self] in events.append("output \($0)") }
            proxy.onBuffer = { [unowned self] _, number, id, kind, _, _, _, _, _, isHeld, reading, _, copies in
                events.append("buffer")
                buffers.append(
                    ToldBuffer(
                        number: number,
                        kind: kind,
                        reading: reading,
                        copies: copies,
                        isHeld: isHeld != 0,
                        id: id
                    )
                )
            }
            proxy.onMemory = { [unowned self] tier, seals, _, size, _, offset, _, deviceHi, deviceLo, fileHi, fileLo in
                events.append("memory")
                memories.append(
                    ToldMemory(
                        tier: tier,
                        seals: seals,
                        size: size,
                        offset: offset,
                        device: UInt64(deviceHi) << 32 | UInt64(deviceLo),
                        file: UInt64(fileHi) << 32 | UInt64(fileLo)
                    )
                )
            }
            proxy.onTotal = { [unowned self] in
                events.append("total")
                total = $0.elements(as: Int64.self)
            }
            proxy.onDone = { [unowned self] in
                events.append("done")
                isDone = true
            }
        }
    }

    private func report(_ fixture: Fixture, _ client: TestClient) -> Report {
        let report = Report(client.bind(SignetInspectManagerV1.self))
        for _ in 0..<5_000 where !report.isDone && client.error == nil {
            usleep(600)
            fixture.pump()
        }
        #expect(report.isDone)
        return report
    }

    @Test func `R4, R9, R10: a window, and the buffer that it shows`() throws {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        window.toplevel.setTitle(title: "a\nb\u{1b}[2J")
        window.toplevel.setAppId(appId: "org.example")
        let pool = TestPool(client, size: 4_096)
        let buffer = pool.buffer(10, 20, color: 0xff, at: 64)
        window.show(buffer)
        window.moveToCorner()
        fixture.nextFrame()
        let watcher = fixture.connect()
        let report = report(fixture, watcher)
        let resources = ClientAccount.Resource.allCases
        #expect(report.resources == resources.map { "\($0)" })
        let expected =
            resources.map { _ in "resource" }
            + ["client true true", "usage", "surface", "title", "application", "output HEADLESS-1", "buffer", "memory"]
            + ["client true true", "usage", "total", "done"]
        #expect(report.events == expected)
        #expect(report.texts == ["a\nb\u{1b}[2J", "org.example"])
        let surface = try #require(report.surfaces.first)
        #expect(surface.role == .toplevel && surface.size == [10, 20] && surface.place == [0, 0])
        let shown = try #require(report.buffers.first)
        #expect(surface.buffer == shown.number && shown.number > 0)
        #expect(shown.kind == .shm && shown.reading == .mapped && shown.copies == 0 && shown.isHeld)
        let memory = try #require(report.memories.first)
        var status = stat()
        #expect(unsafe fstat(pool.file.rawValue, &status) == 0)
        #expect(memory.tier == .sealed && memory.seals == 2 && memory.size == 4_096 && memory.offset == 64)
        #expect(memory.device == UInt64(status.st_dev) && memory.file == UInt64(status.st_ino))
        let index = try #require(resources.firstIndex(of: .mappedBytes))
        #expect(report.usages.map { $0[index] } == [800, 0] && report.total[index] == 800)
    }

    @Test func `each way by which a buffer can come`() throws {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let offer = manager.offer(
            fd: TestFile.memfd(400),
            offsetHi: 0,
            offsetLo: 0,
            width: 10,
            height: 10,
            stride: 40,
            format: PixelFormat.xrgb8888.fourcc
        )
        client.roundTrip()
        _ = offer.getBuffer()
        let pool = client.shm.createPool(fd: TestFile.posix(400), size: 400)
        let copied = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
        _ = client.bind(WpSinglePixelBufferManagerV1.self).createU32RgbaBuffer(r: 0, g: 0, b: 0, a: 0)
        let window = TestWindow(client)
        for _ in 0..<3 {
            window.show(copied)
            fixture.nextFrame()
        }
        let report = report(fixture, client)
        #expect(report.buffers.map(\.kind) == [.sealedBuffer, .shm, .singlePixel])
        #expect(report.memories.map(\.tier) == [.sealedOnArrival, .unsealable])
        #expect(report.memories.map(\.seals) == [2, 1] && report.memories[1].file != 0)
        #expect(report.buffers.map(\.reading) == [.unread, .copied, .unread])
        #expect(report.buffers.map(\.copies) == [0, 3, 0])
        #expect(report.buffers.allSatisfy { !$0.isHeld && $0.id != 0 })
    }

    @Test func `a buffer that was destroyed while it is shown is told of, without a number on the wire`() throws {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let buffer = TestPool(client, size: 400).buffer(10, 10, color: 1)
        window.show(buffer)
        fixture.nextFrame()
        buffer.destroy()
        fixture.nextFrame()
        let report = report(fixture, client)
        #expect(report.buffers.map(\.id) == [0] && report.buffers.map(\.isHeld) == [true])
    }

    @Test func `two clients with one file are told of the same one`() {
        let fixture = Fixture()
        let file = TestFile.memfd(400, seals: .shrink)
        for _ in 0..<2 {
            let client = fixture.connect()
            let pool = client.shm.createPool(fd: file, size: 400)
            _ = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
            client.roundTrip()
        }
        let report = report(fixture, fixture.connect())
        #expect(report.memories.count == 2 && report.memories[0].file == report.memories[1].file)
        #expect(report.memories[0].device == report.memories[1].device && report.memories[0].file != 0)
    }

    // MARK: Bounds

    @Test func `R3: a fifth inspection at a time ends its client`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let manager = client.bind(SignetInspectManagerV1.self)
        for _ in 0..<4 { manager.inspect() }
        client.roundTrip()
        #expect(client.error == nil)
        for _ in 0..<10 {
            usleep(600)
            fixture.pump()
        }
        // They are done.
        for _ in 0..<4 { manager.inspect() }
        client.roundTrip()
        #expect(client.error == nil)
        for _ in 0..<5 { manager.inspect() }
        client.roundTrip()
        #expect(client.error == "wl_display 2")
    }

    @Test func `R2: destroying the manager leaves an inspection, and destroying that ends it`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let manager = client.bind(SignetInspectManagerV1.self)
        let first = Report(manager)
        let second = Report(manager)
        second.proxy.destroy()
        manager.destroy()
        for _ in 0..<10 {
            fixture.pump()
            usleep(600)
        }
        #expect(first.isDone && !second.isDone && client.error == nil)
    }

    @Test func `R6: many buffers are told of in portions, and clients go on meanwhile`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let pool = client.shm.createPool(fd: TestFile.memfd(400, seals: .shrink), size: 400)
        for index in 0..<5_000 {
            _ = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
            if index % 500 == 499 { client.roundTrip() }
        }
        let watcher = fixture.connect()
        let report = Report(watcher.bind(SignetInspectManagerV1.self))
        watcher.connection.flush()
        fixture.compositor.dispatch(timeout: 0)
        fixture.compositor.dispatch(timeout: 0)
        try? watcher.connection.dispatchAvailable()
        #expect(report.buffers.count < 300 && !report.isDone, "a part of it")
        for _ in 0..<5_000 where !report.isDone {
            usleep(600)
            fixture.pump()
        }
        #expect(report.isDone && report.buffers.count == 5_000)
        #expect(Set(report.buffers.map(\.number)).count == 5_000)
    }

    @Test func `R6: who doesn't read is told no more, and holds nobody up`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let pool = client.shm.createPool(fd: TestFile.memfd(400, seals: .shrink), size: 400)
        for index in 0..<16_000 {
            _ = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
            if index % 500 == 499 { client.roundTrip() }
        }
        let watcher = fixture.connect()
        let report = Report(watcher.bind(SignetInspectManagerV1.self))
        watcher.connection.flush()
        for _ in 0..<300 {
            usleep(600)
            fixture.compositor.dispatch(timeout: 0)
        }
        let unsent = fixture.unsentByteCountOfNewest
        #expect(unsent < 160 << 10 && !report.isDone && watcher.error == nil)
        #expect(client.roundTrip())
        for _ in 0..<20_000 where !report.isDone && watcher.error == nil {
            usleep(600)
            fixture.pump()
        }
        #expect(report.isDone && report.buffers.count == 16_000)
    }

    @Test func `R5: clients and buffers may go while they are told of`() {
        let fixture = Fixture()
        var clients = (0..<3).map { _ in fixture.connect() }
        for client in clients {
            let pool = client.shm.createPool(fd: TestFile.memfd(400, seals: .shrink), size: 400)
            let buffers = (0..<400).map { _ in
                pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
            }
            client.roundTrip()
            for (index, buffer) in buffers.enumerated() where index % 3 == 0 { buffer.destroy() }
            client.roundTrip()
        }
        let watcher = fixture.connect()
        let report = Report(watcher.bind(SignetInspectManagerV1.self))
        watcher.connection.flush()
        fixture.compositor.dispatch(timeout: 0)
        fixture.compositor.dispatch(timeout: 0)
        // It is in the midst of the first one.
        fixture.disconnect(clients.removeFirst())
        for _ in 0..<1_000 where !report.isDone {
            usleep(600)
            fixture.pump()
        }
        #expect(report.isDone && watcher.error == nil)
        #expect(report.buffers.count >= 2 * 266 && report.buffers.count < 3 * 267)
    }

    @Test func `an inspecting client that ends leaves nothing, and nothing wakes up any more`() {
        let fixture = Fixture()
        let watcher = fixture.connect()
        _ = Report(watcher.bind(SignetInspectManagerV1.self))
        watcher.connection.flush()
        fixture.compositor.dispatch(timeout: 0)
        fixture.disconnect(watcher)
        for _ in 0..<5 {
            usleep(1_000)
            fixture.pump()
        }
        for resource in ClientAccount.Resource.allCases {
            #expect(fixture.compositor.ledger.usage(of: resource) == 0, "\(resource)")
        }
    }

    @Test func `R7: no event is larger than 4,096 bytes`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let long = String(repeating: "ü", count: 2_000)
        window.toplevel.setTitle(title: long)
        client.roundTrip()
        window.toplevel.setAppId(appId: long)
        client.roundTrip()
        let report = report(fixture, client)
        #expect(report.texts.map(\.utf8.count) == [4_000, 4_000] && client.error == nil)
    }

    // MARK: The roster

    @Test func `a roster finds what comes after what is gone`() {
        final class Member {}
        var roster = Roster()
        let members = (0..<100).map { _ in Member() }
        let numbers = members.map { roster.add($0) }
        #expect(numbers.first == 1 && numbers.last == 100)
        for number in numbers where number % 10 != 0 { roster.remove(number) }
        roster.remove(5)
        roster.remove(0)
        roster.remove(1_000)
        #expect(roster.count == 10)
        var found: [UInt64] = []
        var last: UInt64 = 0
        while let (number, member) = roster.next(after: last) {
            let isRight = member === members[Int(number) - 1]
            #expect(isRight)
            found.append(number)
            last = number
        }
        #expect(found == (1...10).map { $0 * 10 })
        let late = Member()
        #expect(roster.add(late) == 101)
    }
}
