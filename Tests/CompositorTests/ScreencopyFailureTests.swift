@testable import Compositor
import CLinux
import Glibc
import Pixels
import SharedMemory
import TestSupport
import Testing
import WaylandClient
import WaylandWire

/// Memory that can't be written to, copies that can't be paid for, and clients that go: a copy fails, and nothing is
/// left of it.
@Suite(.serialized) struct ScreencopyFailureTests {
    let fixture = Fixture { settings in
        settings.shmPolicy = .copy
        settings.limits.copiedBytes = 250_000
    }
    let client: TestClient
    let manager: ZwlrScreencopyManagerV1

    init() {
        client = fixture.connect()
        manager = client.bind(ZwlrScreencopyManagerV1.self)
    }

    private func capture() -> ScreenCopy {
        let copy = ScreenCopy(manager, client.output)
        client.roundTrip()
        return copy
    }

    private var charged: Int { fixture.compositor.ledger.usage(of: .copiedBytes) }

    // MARK: Memory

    /// What becomes of a copy into memory to which something was done in the meantime; others get theirs.
    private func outcome(
        _ file: consuming Descriptor,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (borrowing Descriptor) -> Void = { _ in }
    ) -> ScreenCopy {
        let target = CopyTarget(client, file)
        let copy = capture()
        copy.proxy.copy(buffer: target.buffer(for: copy))
        client.roundTrip()
        change(target.file)
        fixture.nextFrame()
        let other = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        let next = capture()
        next.proxy.copy(buffer: other.buffer(for: next))
        fixture.nextFrame()
        #expect(next.isReady, "the next one is copied", sourceLocation: sourceLocation)
        #expect(client.error == nil && charged == 0, sourceLocation: sourceLocation)
        return copy
    }

    @Test func `a file that was made shorter isn't written to, nor made longer`() {
        for make in [{ TestFile.file(80_000, in: "/tmp") }, { TestFile.posix(80_000) }] {
            let file = make()
            let kept = try! file.duplicate()
            #expect(outcome(file) { TestFile.truncate($0, to: 40_000) }.hasFailed)
            var status = stat()
            _ = unsafe fstat(kept.rawValue, &status)
            #expect(status.st_size == 40_000)
        }
    }

    @Test(arguments: [Seals.write, .futureWrite]) func `a file that is sealed against writing fails`(seal: Seals) {
        #expect(outcome(TestFile.memfd(80_000, seals: [.shrink, seal])).hasFailed, "from the start")
        #expect(outcome(TestFile.memfd(80_000, seals: .shrink)) { try! $0.addSeals(seal) }.hasFailed, "later")
        // A growing seal is none against writing.
        #expect(outcome(TestFile.memfd(80_000, seals: .shrink)) { try! $0.addSeals([.grow, .seal]) }.isReady)
    }

    @Test func `a descriptor that is open for reading only fails`() {
        #expect(outcome(TestFile.reopened(TestFile.memfd(80_000, seals: .shrink), O_RDONLY)).hasFailed)
    }

    @Test func `a file that is open for appending isn't made longer`() {
        let file = TestFile.file(80_000, in: "/tmp")
        let kept = try! file.duplicate()
        #expect(outcome(file) { _ = fcntl($0.rawValue, F_SETFL, O_APPEND) }.hasFailed)
        var status = stat()
        _ = unsafe fstat(kept.rawValue, &status)
        #expect(status.st_size == 80_000)
    }

    @Test func `a file with holes is filled`() {
        let file = TestFile.memfd(80_000, seals: .shrink)
        let kept = try! file.duplicate()
        #expect(outcome(file).isReady)
        #expect(TestFile.allocatedBytes(of: kept) >= 80_000)
    }

    @Test func `what is no file ends with wl_shm's error`() {
        let copy = capture()
        var numbers: [CInt] = [0, 0]
        unsafe pipe(&numbers)
        let target = CopyTarget(client, Descriptor(owning: numbers[1]))
        let readEnd = Descriptor(owning: numbers[0])
        copy.proxy.copy(buffer: target.buffer(for: copy))
        fixture.nextFrame()
        fixture.nextFrame()
        #expect(client.error == "wl_shm 2" && !copy.isReady)
        try! readEnd.setNonBlocking()
        var byte: UInt8 = 0
        #expect(unsafe read(readEnd.rawValue, &byte, 1) <= 0, "nothing was written")
        #expect(fixture.connect().roundTrip())
    }

    @Test(arguments: [false, true]) func `a buffer that is shown isn't filled`(isShownLater: Bool) {
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        TestFile.write([UInt32](repeating: 0x123456, count: 20_000), to: target.file)
        let window = TestWindow(client)
        let buffer = target.buffer(200, 100)
        if !isShownLater {
            window.show(buffer)
            fixture.nextFrame()
        }
        let copy = capture()
        copy.proxy.copy(buffer: buffer)
        client.roundTrip()
        if isShownLater { window.show(buffer) }
        fixture.nextFrame()
        #expect(copy.hasFailed)
        #expect(target.picture(copy.size)[0][0] == 0x123456)
        // When it is free again, it is taken.
        window.show(nil)
        fixture.nextFrame()
        let next = capture()
        next.proxy.copy(buffer: buffer)
        fixture.nextFrame()
        #expect(next.isReady)
    }

    // MARK: Charges

    @Test func `what is written is paid for, and a copy that can't be fails`() {
        let fixture = Fixture { $0.limits.copiedBytes = 79_999 }
        let client = fixture.connect()
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        let manager = client.bind(ZwlrScreencopyManagerV1.self)
        let copies = [
            ScreenCopy(manager, client.output),
            ScreenCopy(manager, client.output, part: Rectangle(x: 0, y: 0, width: 199, height: 100)),
        ]
        client.roundTrip()
        for copy in copies { copy.proxy.copy(buffer: target.buffer(for: copy)) }
        fixture.nextFrame()
        #expect(copies[0].hasFailed && copies[1].isReady && client.error == nil)
        #expect(fixture.compositor.ledger.usage(of: .copiedBytes) == 0)
    }

    @Test func `there are as many captures as frames that a client can hold`() {
        var copies = (0..<65).map { _ in ScreenCopy(manager, client.output) }
        client.roundTrip()
        #expect(copies.prefix(64).allSatisfy { $0.events.count == 2 } && copies[64].events == ["failed"])
        for copy in copies { copy.proxy.destroy() }
        copies = []
        #expect(capture().events.count == 2)
    }

    @Test func `a frame that can't be made fails the copy`() {
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        let copy = capture()
        // More often than anything asks.
        let faults = InjectedFaults(["memfd_create": Array(repeating: .noMemory, count: 100)])
        InjectedFaults.$current.withValue(faults) {
            copy.proxy.copyWithDamage(buffer: target.buffer(for: copy))
            fixture.nextFrame()
        }
        #expect(copy.hasFailed)
        let next = capture()
        next.proxy.copyWithDamage(buffer: target.buffer(for: next))
        fixture.nextFrame()
        #expect(next.isReady && next.damage == [Rectangle(x: 0, y: 0, width: 200, height: 100)])
    }

    @Test func `a part of which a copy failed is damaged everywhere`() {
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        let broken = CopyTarget(client, TestFile.reopened(TestFile.memfd(80_000, seals: .shrink), O_RDONLY))
        for (target, isReady) in [(target, true), (broken, false), (target, true)] {
            let copy = capture()
            let buffer = target.buffer(for: copy)
            if isReady { copy.proxy.copyWithDamage(buffer: buffer) } else { copy.proxy.copy(buffer: buffer) }
            fixture.nextFrame()
            #expect(copy.isReady == isReady)
        }
    }

    // MARK: Clients that go

    /// What a client has done when it is killed.
    enum Stage: CaseIterable {
        case captured, waitsForPool, waitsForTick, waitsForDamage, isCopied, isDone
    }

    @Test(arguments: Stage.allCases) func `a client that is killed leaves nothing behind`(stage: Stage) {
        fixture.nextFrame()
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        let descriptors = openDescriptorCount()
        let killed = fixture.connect()
        let manager = killed.bind(ZwlrScreencopyManagerV1.self)
        let output = killed.output
        var target = Optional(
            CopyTarget(killed, TestFile.memfd(80_000, seals: stage == .waitsForPool ? [] : .shrink))
        )
        let copies = (0..<5).map { _ in ScreenCopy(manager, output) }
        if stage != .waitsForPool { killed.roundTrip() }
        if stage == .waitsForDamage || stage == .isDone {
            copies[0].proxy.copy(buffer: target!.buffer(200, 100))
            fixture.nextFrame()
            #expect(copies[0].isReady)
        }
        for copy in copies.dropFirst() where stage != .captured && stage != .isDone {
            let buffer = target!.buffer(200, 100)
            if stage == .waitsForDamage {
                copy.proxy.copyWithDamage(buffer: buffer)
            } else {
                copy.proxy.copy(buffer: buffer)
            }
        }
        if stage == .waitsForDamage || stage == .waitsForTick { killed.roundTrip() }
        if stage == .isCopied {
            killed.roundTrip()
            fixture.waitsForLanes = false
            fixture.clock.advance(by: Fixture.period)
            fixture.compositor.dispatch(timeout: 0)
        }
        if stage == .waitsForPool { killed.connection.flush() }
        fixture.disconnect(killed)
        target = nil
        fixture.waitsForLanes = true
        for _ in 0..<3 { fixture.nextFrame() }
        #expect(charged == 0 && fixture.compositor.ledger.usage(of: .frames) == 0)
        #expect(fixture.compositor.ledger.usage(of: .lookups) == 0)
        fixture.clock.advance(by: 3_000_000_000)
        fixture.pump()
        #expect(fixture.output.frames.newest == nil && fixture.clock.armedCount == 0)
        #expect(openDescriptorCount() == descriptors)
    }

    @Test func `captures that are destroyed at any moment are forgotten`() {
        let target = CopyTarget(client, TestFile.memfd(80_000, seals: .shrink))
        for stage in 0..<4 {
            let copy = capture()
            if stage > 0 { copy.proxy.copy(buffer: target.buffer(for: copy)) }
            if stage > 1 { client.roundTrip() }
            if stage > 2 { fixture.nextFrame() }
            copy.proxy.destroy()
            fixture.nextFrame()
            #expect(copy.isReady == (stage == 3))
            #expect(charged == 0 && fixture.compositor.ledger.usage(of: .frames) == 0)
        }
        #expect(client.roundTrip())
    }
}
