@testable import Compositor
import CLinux
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// wl_shm and wl_shm_pool: what is taken, what is refused, and that a refusal hurts nobody else.
@Suite(.serialized) struct ShmTests {
    /// Runs `misbehave` as one client while another goes on; returns the first one's error. Descriptors and mappings
    /// are the same afterwards as before.
    private func outcome(
        _ policy: ShmPolicy = .strict,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ misbehave: (TestClient) -> Void
    ) -> String? {
        let fixture = Fixture { $0.shmPolicy = policy }
        let bystander = fixture.connect()
        let window = TestWindow(bystander)
        window.show(TestPool(bystander, size: 400).buffer(10, 10, color: 0x00ff00))
        fixture.nextFrame()
        Disposal.drain()
        let descriptors = openDescriptorCount()
        let mappings = mappingCount(named: "signet-test")

        let client = fixture.connect()
        misbehave(client)
        client.roundTrip()
        let error = client.error
        fixture.disconnect(client)
        Disposal.drain()
        #expect(openDescriptorCount() == descriptors, "descriptors", sourceLocation: sourceLocation)
        #expect(mappingCount(named: "signet-test") == mappings, "mappings", sourceLocation: sourceLocation)
        #expect(bystander.roundTrip(), "the other client goes on", sourceLocation: sourceLocation)
        return error
    }

    private func createPool(
        _ size: Int32 = 4_096,
        _ make: @escaping () -> Descriptor
    ) -> (TestClient) -> Void {
        { client in
            let descriptor = make()
            client.shm.createPool(fd: descriptor, size: size)
        }
    }

    // The codes are wl_shm's, on whichever object got the request.
    private static let invalidFd = "wl_shm 2"
    private static let invalidSize = "wl_shm 1"
    private static let poolInvalidFormat = "wl_shm_pool 0"
    private static let poolInvalidStride = "wl_shm_pool 1"
    private static let poolInvalidFd = "wl_shm_pool 2"

    @Test func aSealedMemfdIsAccepted() {
        for seals: Seals in [.shrink, [.shrink, .grow, .seal], [.shrink, .write], [.shrink, .futureWrite]] {
            #expect(outcome(.strict, createPool { TestFile.memfd(4_096, seals: seals) }) == nil)
        }
    }

    @Test func aReadOnlyDescriptorOfASealedMemfdIsAccepted() {
        #expect(
            outcome(.strict, createPool { TestFile.reopened(TestFile.memfd(4_096, seals: .shrink), O_RDONLY) }) == nil
        )
    }

    @Test func anUnsealedMemfdIsRefusedUnderStrictOnly() {
        #expect(outcome(.strict, createPool { TestFile.memfd(4_096) }) == Self.invalidFd)
        #expect(outcome(.seal, createPool { TestFile.memfd(4_096) }) == nil)
        #expect(outcome(.copy, createPool { TestFile.memfd(4_096) }) == nil)
    }

    @Test func theSealPolicyReallySeals() throws {
        for policy in [ShmPolicy.seal, .copy] {
            let fixture = Fixture { $0.shmPolicy = policy }
            let client = fixture.connect()
            let file = TestFile.memfd(4_096)
            client.shm.createPool(fd: file, size: 4_096)
            #expect(client.roundTrip())
            let seals = try file.seals()
            let hasShrunk = TestFile.truncate(file, to: 0)
            #expect(seals == .shrink)
            #expect(!hasShrunk)
        }
    }

    @Test func whatCantBeSealedIsTakenUnderCopyOnly() {
        for make in [
            { TestFile.memfd(4_096, allowSealing: false) },
            { TestFile.posix(4_096) },
            { TestFile.file(4_096, in: "/dev/shm") },
            { TestFile.file(4_096, in: "/tmp") },
            { TestFile.reopened(TestFile.memfd(4_096), O_RDONLY) },
        ] {
            #expect(outcome(.strict, createPool(4_096, make)) == Self.invalidFd)
            #expect(outcome(.seal, createPool(4_096, make)) == Self.invalidFd)
            #expect(outcome(.copy, createPool(4_096, make)) == nil)
        }
    }

    @Test func whatIsNoMemoryIsRefusedUnderEveryPolicy() {
        for policy in ShmPolicy.allCases {
            for make in [
                { TestFile.pipe() },
                { TestFile.event() },
                { TestFile.open("/", O_RDONLY) },
                { TestFile.open("/dev/null", O_RDWR) },
                { TestFile.open("/dev/zero", O_RDWR) },
                { TestFile.open("/proc/self/status", O_RDONLY) },
                { TestFile.reopened(TestFile.memfd(4_096, seals: .shrink), SIGNET_O_PATH) },
                { TestFile.reopened(TestFile.memfd(4_096, seals: .shrink), O_WRONLY) },
                {
                    let pair = SocketPair()
                    return try! pair.first.duplicate()
                },
            ] {
                #expect(outcome(policy, createPool(4_096, make)) == Self.invalidFd)
            }
        }
    }

    @Test func aFileSmallerThanThePoolIsRefused() {
        #expect(outcome(.strict, createPool(4_097) { TestFile.memfd(4_096, seals: .shrink) }) == Self.invalidFd)
        #expect(outcome(.strict, createPool(.max) { TestFile.memfd(4_096, seals: .shrink) }) == Self.invalidFd)
        #expect(outcome(.copy, createPool(4_097) { TestFile.memfd(4_096, seals: .shrink) }) == Self.invalidFd)
    }

    @Test func aFileThatIsOnlyReadHasToBeThereWhenItIsRead() {
        #expect(outcome(.copy, createPool(4_097) { TestFile.posix(4_096) }) == nil)
        let error = outcome(.copy) { client in
            let file = TestFile.posix(4_096)
            let pool = client.shm.createPool(fd: file, size: 8_192)
            let window = TestWindow(client)
            window.show(pool.createBuffer(offset: 4_000, width: 10, height: 10, stride: 40, format: .xrgb8888))
            client.roundTrip()
        }
        #expect(error == "wl_buffer 2")
        let late = outcome(.copy) { client in
            let file = TestFile.posix(4_096)
            let pool = client.shm.createPool(fd: file, size: 8_192)
            client.roundTrip()
            TestFile.truncate(file, to: 8_192)
            let window = TestWindow(client)
            window.show(pool.createBuffer(offset: 4_096, width: 10, height: 10, stride: 40, format: .xrgb8888))
            client.roundTrip()
        }
        #expect(late == nil)
    }

    @Test func aPoolHasAtLeastOneByte() {
        for size: Int32 in [0, -1, .min] {
            #expect(outcome(.strict, createPool(size) { TestFile.memfd(4_096, seals: .shrink) }) == Self.invalidSize)
        }
    }

    @Test func aSealedPoolResizedPastItsFileIsRefused() {
        #expect(
            outcome { client in
                let pool = TestPool(client, size: 4_096)
                pool.pool.resize(size: 8_192)
            } == Self.poolInvalidFd
        )
    }

    @Test func aPoolThatGrowsWithItsFileIsFine() {
        #expect(
            outcome { client in
                let pool = TestPool(client, size: 4_096)
                TestFile.truncate(pool.file, to: 8_192)
                pool.pool.resize(size: 8_192)
                _ = pool.buffer(32, 32, color: 1, at: 4_096)
            } == nil
        )
    }

    @Test func aPoolDoesntShrink() {
        #expect(outcome { TestPool($0, size: 4_096).pool.resize(size: 4_095) } == Self.poolInvalidFd)
        #expect(outcome { TestPool($0, size: 4_096).pool.resize(size: -1) } == Self.poolInvalidFd)
    }

    @Test(arguments: [
        // offset, width, height, stride
        (-1, 10, 10, 40), (0, 0, 10, 40), (0, 10, 0, 40), (0, -1, 10, 40), (0, 10, -1, 40),
        // A row doesn't fit into the stride, which counts bytes.
        (0, 10, 10, 39), (0, 10, 10, 10), (0, 10, 10, 0), (0, 10, 10, -40),
        // The end lies outside.
        (0, 10, 103, 40), (1, 1_024, 1, 4_096), (4_096, 1, 1, 4), (0, 32, 33, 128), (0, 32, 32, 129),
        // 32 bits overflow.
        (Int(Int32.max), 1, 1, 4), (0, Int(Int32.max), 1, Int(Int32.max)), (0, 1, Int(Int32.max), Int(Int32.max)),
        (0, 0x4000_0001, 1, 4), (0, 1, 0x4000_0001, 4), (4, 65_536, 65_536, 262_144),
    ])
    func aBufferOutsideOfItsPoolIsRefused(offset: Int, width: Int, height: Int, stride: Int) {
        #expect(
            outcome { client in
                let pool = TestPool(client, size: 4_096)
                pool.pool.createBuffer(
                    offset: Int32(offset),
                    width: Int32(width),
                    height: Int32(height),
                    stride: Int32(stride),
                    format: .xrgb8888
                )
            } == Self.poolInvalidStride
        )
    }

    @Test func theLastRowMayEndWithThePool() {
        #expect(
            outcome { client in
                let pool = TestPool(client, size: 4_096)
                // 31 rows of 130 bytes, and 66 bytes of the last one.
                pool.pool.createBuffer(offset: 0, width: 16, height: 32, stride: 130, format: .argb8888)
                pool.pool.createBuffer(offset: 1, width: 1_023, height: 1, stride: 4_096, format: .argb8888)
            } == nil
        )
    }

    @Test func formatsThatWerentAnnouncedAreRefused() {
        for format: WlShm.Format in [.c8, .rgba8888, .nv21, .unrecognized(2), .unrecognized(.max)] {
            #expect(
                outcome { client in
                    TestPool(client, size: 4_096).pool.createBuffer(
                        offset: 0,
                        width: 1,
                        height: 1,
                        stride: 64,
                        format: format
                    )
                } == Self.poolInvalidFormat
            )
        }
    }

    @Test func truncationAfterThePoolWasMadeIsAnErrorInCopyMode() {
        #expect(
            outcome(.copy) { client in
                let file = TestFile.posix(400)
                let window = TestWindow(client)
                let pool = client.shm.createPool(fd: file, size: 400)
                let buffer = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
                window.show(buffer)
                client.roundTrip()
                TestFile.truncate(file, to: 100)
                window.show(buffer)
            } == "wl_buffer 2"
        )
    }

    @Test func truncationAfterAttachIsAnErrorInCopyMode() {
        #expect(
            outcome(.copy) { client in
                let file = TestFile.posix(400)
                let window = TestWindow(client)
                let pool = client.shm.createPool(fd: file, size: 400)
                let buffer = pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888)
                window.surface.attach(buffer: buffer, x: 0, y: 0)
                client.roundTrip()
                TestFile.truncate(file, to: 399)
                window.surface.commit()
            } == "wl_buffer 2"
        )
    }

    @Test func truncationAfterTheCommitIsNoticedByNobody() {
        #expect(
            outcome(.copy) { client in
                let file = TestFile.posix(400)
                let window = TestWindow(client)
                let pool = client.shm.createPool(fd: file, size: 400)
                window.show(pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888))
                client.roundTrip()
                TestFile.truncate(file, to: 0)
                client.fixture.nextFrame()
            } == nil
        )
    }

    @Test func nothingUnsealedIsMapped() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let window = TestWindow(client)
        let file = TestFile.posix(400)
        let before = mappingCount(named: "/dev/shm/signet-test")
        let pool = client.shm.createPool(fd: file, size: 400)
        window.show(pool.createBuffer(offset: 0, width: 10, height: 10, stride: 40, format: .xrgb8888))
        fixture.nextFrame()
        #expect(client.error == nil)
        #expect(mappingCount(named: "/dev/shm/signet-test") == before)
    }

    @Test func holesAreReadAndNotAllocated() {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let size = 200 * 100 * 4
        let file = TestFile.memfd(size, seals: .shrink)
        let pool = client.shm.createPool(fd: file, size: Int32(size))
        window.show(pool.createBuffer(offset: 0, width: 200, height: 100, stride: 800, format: .xrgb8888))
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(100, 50) == 0)
        let allocated = TestFile.allocatedBytes(of: file)
        #expect(allocated == 0)
    }

    @Test func everyLimitEndsItsClientOnItsDisplay() {
        let noMemory = "wl_display 2"
        func breach(_ limits: (inout Limits) -> Void, _ body: (TestClient) -> Void) -> String? {
            let fixture = Fixture { limits(&$0.limits) }
            let client = fixture.connect()
            body(client)
            client.roundTrip()
            return client.error
        }
        #expect(
            breach({ $0.descriptors = 2 }) { client in
                for _ in 0..<3 { _ = TestPool(client, size: 64) }
            } == noMemory
        )
        #expect(
            breach({ $0.surfaces = 2 }) { client in
                for _ in 0..<3 { client.compositor.createSurface() }
            } == noMemory
        )
        #expect(
            breach({ $0.buffers = 2 }) { client in
                let pool = TestPool(client, size: 64)
                for _ in 0..<3 { _ = pool.buffer(1, 1, color: 0) }
            } == noMemory
        )
        #expect(
            breach({ $0.mappedBytes = 399 }) { client in
                TestWindow(client).show(TestPool(client, size: 400).buffer(10, 10, color: 0))
            } == noMemory
        )
        #expect(
            breach({ $0.regionRectangles = 2 }) { client in
                let region = client.compositor.createRegion()
                for index: Int32 in 0..<9 { region.add(x: index * 2, y: index * 2, width: 1, height: 1) }
            } == noMemory
        )
    }

    @Test func destroyedObjectsAreGivenBackToTheAccount() {
        let fixture = Fixture {
            $0.limits.buffers = 2; $0.limits.descriptors = 1; $0.limits.surfaces = 1
        }
        let client = fixture.connect()
        for _ in 0..<5 {
            let surface = client.compositor.createSurface()
            let pool = TestPool(client, size: 64)
            let buffers = [pool.buffer(1, 1, color: 0), pool.buffer(2, 2, color: 0)]
            pool.pool.destroy()
            for buffer in buffers { buffer.destroy() }
            surface.destroy()
            #expect(client.roundTrip())
        }
        #expect(client.error == nil)
    }

    @Test func `a pool that grows ten thousand times is mapped once`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let before = mappingCount(named: "signet-test")
        let pool = client.shm.createPool(fd: TestFile.memfd(1 << 30, seals: .shrink), size: 4_096)
        for growth: Int32 in 1...10_000 { pool.resize(size: 4_096 + growth) }
        client.roundTrip()
        #expect(mappingCount(named: "signet-test") <= before + 1 && client.error == nil)
        #expect(fixture.compositor.ledger.usage(of: .mappings) == 1)
    }

    // MARK: Holes

    @Test func `memory that its client empties again and again is read, and mapped no more`() throws {
        let fixture = Fixture { $0.drawsAlways = true }
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 20_000)
        let buffer = pool.buffer(100, 40, color: 0xff0000)
        var releases = 0
        buffer.onRelease = { releases += 1 }
        window.show(buffer)
        fixture.nextFrame()
        let item = try #require(fixture.compositor.scene.items.last)
        let surface = try #require(item.drawable as? Surface)
        let corner = item.bounds.origin
        #expect(fixture.pixel(corner.x, corner.y) == 0xff0000)
        #expect(surface.current.content?.source?.isShared == true)
        // What isn't committed anew is drawn again all the same where another window moves over it.
        for _ in 0..<150 {
            let mode = SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE
            #expect(fallocate(pool.file.rawValue, mode, 0, 20_000) == 0)
            fixture.compositor.scene.redraw(surface, of: try #require(surface.node))
            fixture.nextFrame()
        }
        #expect(fixture.pixel(corner.x, corner.y) == 0 && client.error == nil)
        #expect(surface.current.content?.source?.isShared == false && releases == 1)
        window.show(pool.buffer(100, 40, color: 0x0000ff))
        fixture.nextFrame()
        #expect(fixture.pixel(corner.x, corner.y) == 0x0000ff)
        #expect(surface.current.content?.source?.isShared == false)
        #expect(fixture.compositor.ledger.usage(of: .mappedBytes) == 0)
    }

    @Test func `memory that stays is mapped, however often it is drawn`() throws {
        let fixture = Fixture()
        let client = fixture.connect()
        let window = TestWindow(client)
        let pool = TestPool(client, size: 20_000)
        let buffer = pool.buffer(100, 40, color: 0xff0000)
        for _ in 0..<100 {
            window.show(buffer)
            fixture.nextFrame()
        }
        let surface = try #require(fixture.compositor.scene.items.last?.drawable as? Surface)
        #expect(surface.current.content?.source?.isShared == true)
    }
}
