@testable import Compositor
import Pixels
@testable import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// What clients hold, by client, process, user and altogether.
@Suite struct LedgerTests {
    private func make(_ change: (inout Limits) -> Void) -> Fixture {
        Fixture { change(&$0.limits) }
    }

    /// Makes surfaces until the client is ended; how many it got.
    private func makeSurfaces(_ client: TestClient, upTo count: Int) -> [WlSurface] {
        var surfaces: [WlSurface] = []
        for _ in 0..<count {
            let surface = client.compositor.createSurface()
            guard client.roundTrip() else { break }
            surfaces.append(surface)
        }
        return surfaces
    }

    @Test func `connections of a process get no more than one`() {
        let fixture = make { $0.surfaces = 10 }
        let (first, second) = (fixture.connect(), fixture.connect())
        #expect(makeSurfaces(first, upTo: 7).count == 7)
        #expect(makeSurfaces(second, upTo: 7).count == 3)
        #expect(second.error == "wl_display 2" && first.error == nil)
        #expect(fixture.compositor.ledger.usage(of: .surfaces) == 7)
        fixture.disconnect(first)
        #expect(fixture.compositor.ledger.usage(of: .surfaces) == 0)
        #expect(makeSurfaces(fixture.connect(), upTo: 20).count == 10)
    }

    @Test(arguments: [ShmPolicy.strict, .copy])
    func `memory is charged until it is back with the kernel`(policy: ShmPolicy) {
        let fixture = Fixture {
            $0.shmPolicy = policy
            $0.drawsAlways = true
        }
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 4_096, seals: policy == .copy ? .seal : .shrink)
        window.show(pool.buffer(32, 32, color: 0xff))
        fixture.nextFrame()
        func used(_ resource: ClientAccount.Resource) -> Int { fixture.compositor.ledger.usage(of: resource) }
        #expect(used(.mappings) == 1)
        let gate = Semaphore()
        Disposal.run { gate.wait() }
        fixture.waitsForLanes = false
        fixture.disconnect(client)
        fixture.nextFrame()
        #expect(used(.mappings) == 1 && used(.copiedBytes) == (policy == .copy ? 4_096 : 0))
        gate.post()
        Disposal.drain()
        fixture.pump()
        #expect(used(.mappings) == 0 && used(.copiedBytes) == 0)
    }

    @Test func `the last part of what many share is for those with little`() {
        // All of a user's may have 32, of which 4 are for who has but one.
        let fixture = make {
            $0.surfaces = 32
            $0.userShare = 1
            $0.totalShare = 1
        }
        let first = fixture.connect()
        #expect(makeSurfaces(first, upTo: 40).count == 28)
    }

    @Test func `everything that a client made is counted, and given back`() throws {
        let fixture = make { _ in }
        let client = fixture.connect()
        let ledger = fixture.compositor.ledger
        let window = TestWindow(client)
        window.show(TestPool(client, size: 20_000).buffer(10, 10, color: 0x111111))
        window.toplevel.setTitle(title: "title")
        let region = client.compositor.createRegion()
        for x in 0..<40 { region.add(x: Int32(x * 4), y: 0, width: 2, height: 2) }
        window.surface.setOpaqueRegion(region: region)
        window.surface.setInputRegion(region: region)
        window.surface.commit()
        client.roundTrip()
        fixture.nextFrame()
        #expect(client.error == nil)
        // One snapshot of the region for both, beside its own.
        #expect(ledger.usage(of: .rectangles) == 80)
        #expect(ledger.usage(of: .textBytes) == 5)
        #expect(ledger.usage(of: .descriptors) == 1 && ledger.usage(of: .mappings) == 1)
        #expect(ledger.usage(of: .mappedBytes) == 400 && ledger.usage(of: .buffers) == 1)
        #expect(ledger.usage(of: .objects) >= 10)
        region.destroy()
        client.roundTrip()
        #expect(ledger.usage(of: .rectangles) == 40)
        fixture.disconnect(client)
        fixture.nextFrame()
        for resource in ClientAccount.Resource.allCases {
            #expect(ledger.usage(of: resource) == 0, "\(resource)")
        }
    }

    @Test func `a region that changes leaves surfaces what they were given`() {
        let fixture = make { $0.rectangles = 100 }
        let client = fixture.connect()
        let region = client.compositor.createRegion()
        let surfaces = (0..<3).map { _ in client.compositor.createSurface() }
        for (round, surface) in surfaces.enumerated() {
            for x in 0..<20 { region.add(x: Int32(x * 4), y: Int32(round * 4), width: 2, height: 2) }
            surface.setOpaqueRegion(region: region)
            surface.commit()
        }
        client.roundTrip()
        // 60, and snapshots of 20, 40 and 60.
        #expect(client.error == "wl_display 2")
    }

    /// The widest that five characters can be is 22 pixels for each.
    @Test(arguments: [(1_000, 0...0), (1 << 20, 880...9_680)])
    func `a title for which there is no room isn't shown`(room: Int, drawn: ClosedRange<Int>) {
        let fixture = make { $0.drawnBytes = room }
        let client = fixture.connect()
        let window = TestWindow(client)
        let decoration = client.bind(ZxdgDecorationManagerV1.self).getToplevelDecoration(toplevel: window.toplevel)
        window.toplevel.setTitle(title: "title")
        window.show(TestPool(client, size: 20_000).buffer(30, 30, color: 0x111111))
        fixture.nextFrame()
        fixture.pump()
        #expect(client.error == nil && drawn.contains(fixture.compositor.ledger.usage(of: .drawnBytes)))
        decoration.destroy()
    }

    @Test func `a title bar costs what its title does, however wide`() {
        let fixture = make { _ in }
        let client = fixture.connect()
        let manager = client.bind(WpSinglePixelBufferManagerV1.self)
        let pixel = manager.createU32RgbaBuffer(r: 0, g: 0, b: 0, a: 0)
        let decorations = client.bind(ZxdgDecorationManagerV1.self)
        let window = TestWindow(client)
        decorations.getToplevelDecoration(toplevel: window.toplevel)
        window.toplevel.setTitle(title: String(repeating: "W", count: 4_000))
        let viewport = client.bind(WpViewporter.self).getViewport(surface: window.surface)
        viewport.setDestination(width: 1_000_000, height: 10)
        window.show(pixel)
        fixture.nextFrame()
        fixture.pump()
        let drawn = fixture.compositor.ledger.usage(of: .drawnBytes)
        #expect(client.error == nil && (900 * 22 * 4...1_024 * 22 * 4).contains(drawn))
    }

    @Test func `frames in readers' hands are counted, also after their session`() throws {
        let fixture = make { $0.frames = 4 }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedFrameManagerV1.self)
        let output = client.output
        var frames: [SignetSealedFrameV1] = []
        var (ready, failed) = (0, 0)
        for _ in 0..<6 {
            let session = manager.createSession(output: output)
            let frame = session.nextFrame()
            frame.onReady = { _, _, _ in ready += 1 }
            frame.onFailed = { _ in failed += 1 }
            fixture.nextFrame()
            session.destroy()
            frames.append(frame)
        }
        fixture.nextFrame()
        #expect(client.error == nil && ready == 4 && failed == 2)
        #expect(fixture.compositor.ledger.usage(of: .frames) == 4)
        for frame in frames { frame.destroy() }
        client.roundTrip()
        #expect(fixture.compositor.ledger.usage(of: .frames) == 0)
    }

    @Test func `a mount's type is found in the list`() {
        let list = """
            21 26 0:19 / /sys rw,nosuid shared:7 - sysfs sysfs rw
            22 26 0:20 / /a\\040-\\040b rw - overlay overlay rw,lowerdir=/x
            222 26 0:20 / /c rw shared:1 master:2 - fuse.sshfs me@host: rw
            23 26 0:21 / /broken rw -
            """
        let bytes = Array(list.utf8)
        #expect(MountTable.type(of: 22, in: bytes) == "overlay")
        #expect(MountTable.type(of: 222, in: bytes) == "fuse.sshfs")
        #expect(MountTable.type(of: 23, in: bytes) == nil && MountTable.type(of: 2, in: bytes) == nil)
        let file = TestFile.file(1, in: "/proc/self/cwd")
        #expect(MountTable.fileSystem(of: file, sentBy: 0) != nil)
    }
}
