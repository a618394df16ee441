@testable import Compositor
import CLinux
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// signet_sealed_buffer_manager_v1: what is accepted and what is refused, for which reason, and that nothing is left of
/// what was refused.
@Suite(.serialized) struct SealedBufferTests {
    typealias Reason = SignetSealedBufferOfferV1.Reason

    @Test(arguments: ShmPolicy.allCases)
    func `R1: what the compositor takes is told first, and once`(policy: ShmPolicy) {
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        var events: [String] = []
        var formats: [UInt32] = []
        _ = client.bind(SignetSealedBufferManagerV1.self) { manager in
            manager.onPolicy = { events.append("policy \($0.rawValue)") }
            manager.onSeals = { events.append("seals \($0) \($1)") }
            manager.onLimits = { events.append("limits \($0) \($1) \($2) \($3) \($4) \($5)") }
            manager.onFormat = { formats.append($0) }
            manager.onDone = { events.append("done") }
        }
        client.roundTrip()
        let (number, required, added) = policy == .strict ? (0, 2, 0) : (policy == .seal ? 1 : 2, 0, 2)
        #expect(
            events == [
                "policy \(number)", "seals \(required) \(added)", "limits 0 \(2 << 30) 0 \(256 << 20) 16384 512",
                "done",
            ]
        )
        #expect(formats == BufferFormat.all.map(\.fourcc))
    }

    @Test func `R2: offers and buffers outlive the manager`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let offer = Offer(manager, TestFile.memfd(400, seals: .shrink))
        manager.destroy()
        client.roundTrip()
        #expect(offer.isAccepted)
        let window = TestWindow(client)
        window.show(offer.proxy.getBuffer())
        fixture.nextFrame()
        #expect(client.error == nil && fixture.compositor.scene.items.count > 0)
    }

    // MARK: Descriptors

    /// What an offer of 10x10 pixels in a descriptor comes to, which leaves nothing.
    private func outcome(
        _ policy: ShmPolicy,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ make: () -> Descriptor,
        _ change: (inout Offer.Place) -> Void = { _ in }
    ) -> Reason? {
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        Disposal.drain()
        let descriptors = openDescriptorCount()
        let mappings = mappingCount(named: "signet-test")
        let offer = Offer(manager, make(), change)
        client.roundTrip()
        Disposal.drain()
        #expect(client.error == nil, "R4", sourceLocation: sourceLocation)
        #expect(offer.answers == 1, "R4", sourceLocation: sourceLocation)
        if let text = offer.text {
            #expect(text.utf8.count <= 1_000 && text.count > 20, "R13: \(text)", sourceLocation: sourceLocation)
            #expect(fallsTo(descriptors), "R9", sourceLocation: sourceLocation)
            #expect(client.account.usage(of: .descriptors) == 0, "R9", sourceLocation: sourceLocation)
        }
        offer.proxy.destroy()
        client.roundTrip()
        Disposal.drain()
        #expect(fallsTo(descriptors), "R10", sourceLocation: sourceLocation)
        #expect(mappingCount(named: "signet-test") == mappings, "R10", sourceLocation: sourceLocation)
        for resource in ClientAccount.Resource.allCases where resource != .objects {
            #expect(client.account.usage(of: resource) == 0, "\(resource)", sourceLocation: sourceLocation)
        }
        return offer.reason
    }

    /// Whether no more descriptors are open than `count`, once the lane's threads have let go of what they looked at.
    private func fallsTo(_ count: Int) -> Bool {
        for _ in 0..<1_000 where openDescriptorCount() > count {
            usleep(1_000)
            Disposal.drain()
        }
        return openDescriptorCount() <= count
    }

    @Test func `R8: sealed memory is accepted under every policy`() {
        for policy in ShmPolicy.allCases {
            for seals: Seals in [.shrink, [.shrink, .grow, .seal], [.shrink, .write], [.shrink, .futureWrite]] {
                #expect(outcome(policy, { TestFile.memfd(400, seals: seals) }) == nil)
            }
            #expect(outcome(policy, { TestFile.reopened(TestFile.memfd(400, seals: .shrink), O_RDONLY) }) == nil)
        }
    }

    @Test func `a memfd that takes seals lacks one under strict, and gets it otherwise`() throws {
        #expect(outcome(.strict, { TestFile.memfd(400) }) == .missingSeal)
        for policy in [ShmPolicy.seal, .copy] {
            let file = TestFile.memfd(400)
            #expect(outcome(policy, { try! file.duplicate() }) == nil)
            let seals = try file.seals()
            #expect(seals == .shrink)
        }
    }

    @Test func `what can't be sealed is accepted under copy alone`() {
        for make in [
            { TestFile.memfd(400, allowSealing: false) }, { TestFile.posix(400) }, { TestFile.file(400, in: "/tmp") },
            { TestFile.reopened(TestFile.memfd(400), O_RDONLY) },
        ] {
            #expect(outcome(.strict, make) == .unsealable)
            #expect(outcome(.seal, make) == .unsealable)
            #expect(outcome(.copy, make) == nil)
        }
    }

    @Test(arguments: ShmPolicy.allCases)
    func `what is no memory is refused under every policy`(policy: ShmPolicy) {
        let socket: () -> Descriptor = { try! SocketPair().first.duplicate() }
        let cases: [(Reason, () -> Descriptor)] = [
            (.notMemory, { TestFile.pipe() }),
            (.notMemory, { TestFile.event() }),
            (.notMemory, { TestFile.open("/", O_RDONLY) }),
            (.notMemory, { TestFile.open("/dev/null", O_RDWR) }),
            (.notMemory, { TestFile.open("/dev/zero", O_RDWR) }),
            (.notMemory, socket),
            (.notReadable, { TestFile.reopened(TestFile.memfd(400, seals: .shrink), SIGNET_O_PATH) }),
            (.notReadable, { TestFile.reopened(TestFile.memfd(400, seals: .shrink), O_WRONLY) }),
        ]
        for (reason, make) in cases { #expect(outcome(policy, make) == reason) }
        let process = outcome(policy, { TestFile.open("/proc/self/status", O_RDONLY) })
        #expect(process == (policy == .copy ? .fileSystem : .unsealable))
    }

    // MARK: Numbers

    @Test func `every number has its reason`() {
        let cases: [(Reason?, (inout Offer.Place) -> Void)] = [
            (.unknownFormat, { $0.format = 0x2020_2020 }),
            (.unknownFormat, { $0.format = 0 }),
            (.badSize, { $0.width = 0 }),
            (.badSize, { $0.height = .min }),
            (.badStride, { $0.stride = 39 }),
            (.badStride, { $0.stride = -40 }),
            (.outOfBounds, { $0.offset = 1 << 63 }),
            (.outOfBounds, { $0.offset = .max }),
            (.outOfBounds, { $0.offset = (1 << 63) - 400 }),
            (.outOfBounds, { $0.offset = (1 << 63) - 401 }),
            (.outOfBounds, { $0.offset = 1 }),
            (.outOfBounds, { $0.offset = 400 }),
            (.tooSmall, { $0.height = 11 }),
            (.tooSmall, { $0.stride = 41 }),
            (.overLimit, { ($0.width, $0.height, $0.stride) = (.max / 4, .max, .max) }),
            (.overLimit, { ($0.height, $0.stride) = (.max, .max) }),
            (.tooSmall, { ($0.width, $0.height, $0.stride) = (.max / 4, 1, .max) }),
            (
                nil,
                {
                    $0.offset = 360; $0.height = 1
                }
            ),
            // 31 rows of 13 bytes, less the padding behind the last.
            (nil, { ($0.width, $0.height, $0.stride) = (2, 31, 13) }),
        ]
        for (index, (reason, change)) in cases.enumerated() {
            #expect(outcome(.strict, { TestFile.memfd(400, seals: .shrink) }, change) == reason, "\(index)")
        }
    }

    @Test func `R6: a picture may lie where 32 bits don't reach, and only its pages are mapped`() throws {
        let fixture = Fixture()
        let client = fixture.connect()
        let offset: UInt64 = 1 << 40 | 4
        let file = TestFile.memfd(Int(offset) + 400, seals: .shrink)
        TestFile.write([UInt32](repeating: 0x12_3456, count: 100), to: file, at: Int(offset))
        let offer = Offer(client.bind(SignetSealedBufferManagerV1.self), try file.duplicate()) { $0.offset = offset }
        client.roundTrip()
        let window = TestWindow(client)
        window.show(offer.proxy.getBuffer())
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(0, 0) == 0x12_3456 && fixture.pixel(9, 9) == 0x12_3456)
        #expect(client.account.usage(of: .mappedBytes) == 400)
        let surface = try #require(fixture.compositor.scene.items.last?.drawable as? Surface)
        #expect(surface.current.content?.source?.isShared == true)
    }

    // MARK: Buffers

    @Test(arguments: ShmPolicy.allCases)
    func `R12: pixels are the same as wl_shm's, and released as those are`(policy: ShmPolicy) throws {
        let fixture = Fixture { $0.shmPolicy = policy }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let pixels = (0..<100).map { UInt32($0 * 0x01_0203) }
        var pictures: [[[UInt32]]] = []
        var releases: [Int] = []
        for isOffer in [false, true] {
            let file = policy == .copy ? TestFile.posix(4_496) : TestFile.memfd(4_496, seals: .shrink)
            TestFile.write(pixels, to: file, at: 4_096)
            let buffer: WlBuffer
            if isOffer {
                let offer = Offer(manager, try file.duplicate()) { $0.offset = 4_096 }
                client.roundTrip()
                #expect(offer.isAccepted)
                buffer = offer.proxy.getBuffer()
                offer.proxy.destroy()
            } else {
                let pool = client.shm.createPool(fd: file, size: 4_496)
                buffer = pool.createBuffer(offset: 4_096, width: 10, height: 10, stride: 40, format: .xrgb8888)
                pool.destroy()
            }
            var count = 0
            buffer.onRelease = { count += 1 }
            let window = TestWindow(client)
            window.show(buffer)
            window.moveToCorner()
            fixture.nextFrame()
            pictures.append((0..<10).map { y in (0..<10).map { fixture.pixel($0, y) } })
            releases.append(count)
            window.show(nil)
            fixture.nextFrame()
            releases.append(count)
            buffer.destroy()
            client.roundTrip()
            window.toplevel.destroy()
            window.shellSurface.destroy()
            window.surface.destroy()
            client.roundTrip()
        }
        #expect(pictures[0] == pictures[1] && pictures[0][9][9] == 99 * 0x01_0203)
        #expect(releases[0...1] == releases[2...3] && releases[1] == 1)
        #expect(client.account.usage(of: .descriptors) == 0 && client.account.usage(of: .buffers) == 0)
    }

    @Test func `planes lie as wl_shm has them`() {
        let fixture = Fixture()
        let client = fixture.connect()
        let nv12: UInt32 = 0x3231_564e
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let small = Offer(manager, TestFile.memfd(10 * 10 + 5 * 10 - 1, seals: .shrink)) {
            ($0.format, $0.stride) = (nv12, 10)
        }
        let file = TestFile.memfd(150, seals: .shrink)
        TestFile.write(bytes: [UInt8](repeating: 235, count: 100) + [UInt8](repeating: 128, count: 50), to: file)
        let right = Offer(manager, try! file.duplicate()) { ($0.format, $0.stride) = (nv12, 10) }
        client.roundTrip()
        #expect(small.reason == .tooSmall && right.isAccepted)
        let window = TestWindow(client)
        window.show(right.proxy.getBuffer())
        window.moveToCorner()
        fixture.nextFrame()
        #expect(fixture.pixel(5, 5) == 0xff_ffff)
    }

    @Test func `get_buffer before an answer, after a refusal, and twice are errors`() {
        let cases: [(String, (Offer, TestClient) -> Void)] = [
            ("signet_sealed_buffer_offer_v1 0", { offer, _ in _ = offer.proxy.getBuffer() }),
            (
                "signet_sealed_buffer_offer_v1 1",
                { offer, client in
                    client.roundTrip()
                    for _ in 0..<2 { _ = offer.proxy.getBuffer() }
                }
            ),
        ]
        for (error, act) in cases {
            for isRefused in [true, false] where error.hasSuffix("0") || !isRefused {
                // Under this policy it is asked on the lane.
                let fixture = Fixture { $0.shmPolicy = .seal }
                let client = fixture.connect()
                let manager = client.bind(SignetSealedBufferManagerV1.self)
                let offer = Offer(manager, isRefused ? TestFile.pipe() : TestFile.memfd(400))
                act(offer, client)
                client.roundTrip()
                #expect(client.error == error)
            }
        }
    }

    @Test func `R6: a file that gets too short when it is read is an error of its buffer`() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let file = TestFile.posix(400)
        let offer = Offer(client.bind(SignetSealedBufferManagerV1.self), try! file.duplicate())
        client.roundTrip()
        let window = TestWindow(client)
        TestFile.truncate(file, to: 399)
        window.show(offer.proxy.getBuffer())
        client.roundTrip()
        #expect(client.error == "wl_buffer 0")
    }

    // MARK: The worst clients

    @Test func `the same descriptor a thousand times is accepted as often as there is room`() throws {
        let fixture = Fixture { $0.limits.descriptors = 100 }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        client.roundTrip()
        let before = openDescriptorCount()
        let file = TestFile.memfd(400, seals: .shrink)
        let offers = try (0..<1_000).map { index in
            if index % 100 == 99 { client.roundTrip() }
            return Offer(manager, try file.duplicate())
        }
        client.roundTrip()
        #expect(offers.count { $0.isAccepted } == 100 && offers.count { $0.reason == .overLimit } == 900)
        #expect(client.error == nil)
        for offer in offers { offer.proxy.destroy() }
        client.roundTrip()
        #expect(client.account.usage(of: .descriptors) == 0 && client.account.usage(of: .mappings) == 0)
        #expect(client.account.usage(of: .buffers) == 0)
        Disposal.drain()
        // The file itself.
        #expect(fallsTo(before + 1))
    }

    @Test func `room for the buffer is there when it is made`() {
        let fixture = Fixture { $0.limits.buffers = 2 }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let offers = (0..<3).map { _ in Offer(manager, TestFile.memfd(400, seals: .shrink)) }
        client.roundTrip()
        #expect(offers.map(\.isAccepted) == [true, true, false] && offers[2].reason == .overLimit)
        let buffers = offers.prefix(2).map { $0.proxy.getBuffer() }
        client.roundTrip()
        #expect(client.error == nil && client.account.usage(of: .buffers) == 2)
        for buffer in buffers { buffer.destroy() }
        client.roundTrip()
        #expect(client.account.usage(of: .buffers) == 0)
    }

    @Test func `what has to be copied and is too large for that is refused`() {
        let fixture = Fixture {
            $0.shmPolicy = .copy
            $0.limits.copiedBytes = 399
        }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        let copied = Offer(manager, TestFile.posix(400))
        let mapped = Offer(manager, TestFile.memfd(400, seals: .shrink))
        client.roundTrip()
        #expect(copied.reason == .overLimit && mapped.isAccepted)
    }

    @Test func `R10: offers that are destroyed, or whose client dies, while they are looked at leave nothing`() {
        let fixture = Fixture { $0.shmPolicy = .copy }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        client.roundTrip()
        Disposal.drain()
        let before = openDescriptorCount()
        for _ in 0..<20 {
            for _ in 0..<50 { Offer(manager, TestFile.posix(400)).proxy.destroy() }
            client.roundTrip()
        }
        #expect(client.error == nil && client.account.usage(of: .descriptors) == 0)
        #expect(client.account.usage(of: .buffers) == 0 && client.account.usage(of: .lookups) == 0)
        Disposal.drain()
        #expect(fallsTo(before))
        let (connected, ledger) = (client.connection, fixture.compositor.ledger)
        for _ in 0..<50 { _ = Offer(manager, TestFile.posix(400)) }
        connected.flush()
        fixture.waitsForLanes = false
        fixture.compositor.dispatch(timeout: 0)
        fixture.waitsForLanes = true
        fixture.disconnect(client)
        fixture.pump()
        Disposal.drain()
        for resource in ClientAccount.Resource.allCases { #expect(ledger.usage(of: resource) == 0, "\(resource)") }
        #expect(fallsTo(before))
    }

    @Test func `too many at once on the lane are refused, and end nobody`() {
        let fixture = Fixture {
            $0.shmPolicy = .copy
            $0.limits.lookups = 8
        }
        let client = fixture.connect()
        let manager = client.bind(SignetSealedBufferManagerV1.self)
        client.roundTrip()
        let offers = (0..<100).map { _ in Offer(manager, TestFile.posix(400)) }
        client.roundTrip()
        let accepted = offers.count { $0.isAccepted }
        #expect(client.error == nil && accepted >= 8)
        #expect(offers.count { $0.reason == .overLimit } == 100 - accepted)
        #expect(client.account.usage(of: .buffers) == accepted)
    }
}

/// An offer of 10x10 pixels, and what it came to.
private final class Offer {
    struct Place {
        var offset: UInt64 = 0
        var width: Int32 = 10
        var height: Int32 = 10
        var stride: Int32 = 40
        var format = PixelFormat.xrgb8888.fourcc
    }

    let proxy: SignetSealedBufferOfferV1
    private(set) var answers = 0
    private(set) var isAccepted = false
    private(set) var reason: SignetSealedBufferOfferV1.Reason?
    private(set) var text: String?

    init(
        _ manager: SignetSealedBufferManagerV1,
        _ file: consuming Descriptor,
        _ change: (inout Place) -> Void = { _ in }
    ) {
        var place = Place()
        change(&place)
        proxy = manager.offer(
            fd: file,
            offsetHi: UInt32(place.offset >> 32),
            offsetLo: UInt32(truncatingIfNeeded: place.offset),
            width: place.width,
            height: place.height,
            stride: place.stride,
            format: place.format
        )
        proxy.onAccepted = { [weak self] in
            self?.isAccepted = true
            self?.answers += 1
        }
        proxy.onRefused = { [weak self] in
            self?.reason = $0
            self?.text = $1
            self?.answers += 1
        }
    }
}

extension TestClient {
    /// What the compositor counts for the first client.
    fileprivate var account: ClientAccount { fixture.compositor.accounts[0] }
}
