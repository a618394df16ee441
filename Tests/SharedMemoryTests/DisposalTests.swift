import CLinux
import Conformance
import Glibc
@testable import SharedMemory
import TestSupport
import Testing

/// Descriptors of strangers and large memory, closed where nobody waits for it.
@Suite(.serialized) struct DisposalTests {
    /// A user whom no other test has anything of.
    private let user: UInt32 = 4_000_000

    init() throws {
        try Disposal.start()
        Disposal.drain()
    }

    /// Whether the number is free again.
    private func isClosed(_ number: CInt) -> Bool { fcntl(number, F_GETFD) < 0 }

    /// Seconds that `body` takes.
    private func duration(of body: () -> Void) -> Duration { ContinuousClock().measure(body) }

    @Test func `what was received is closed, of whatever kind`() throws {
        let numbers = [
            TestFile.memfd(4_096).relinquish(), TestFile.pipe().relinquish(), TestFile.event().relinquish(),
            TestFile.open("/dev/null", O_RDONLY).relinquish(), TestFile.open("/", SIGNET_O_PATH).relinquish(),
        ]
        for number in numbers { _ = Descriptor(received: number, from: user) }
        Disposal.drain()
        #expect(numbers.allSatisfy(isClosed))
        #expect(Disposal.pendingCount(of: user) == 0)
    }

    @Test func `strangers' descriptors wait behind no memory`() throws {
        let gate = Semaphore()
        Disposal.run { gate.wait() }
        defer { gate.post() }
        let number = TestFile.pipe().relinquish()
        _ = Descriptor(received: number, from: user)
        for _ in 0..<1_000 where !isClosed(number) { usleep(10_000) }
        #expect(isClosed(number))
    }

    @Test func `memory that nobody looked at is unmapped at once, other memory piece by piece`() throws {
        let file = TestFile.memfd(64 << 20)
        func mappings() -> Int { mappingCount(named: "signet-test") }
        let before = mappings()
        let gate = Semaphore()
        Disposal.run { gate.wait() }
        try ReadOnlyMapping(file, length: 64 << 20).unmap(seen: 0..<0) {}
        #expect(mappings() == before)
        let isDone = Semaphore()
        for seen in [0..<1, 0..<64 << 20, 5 << 20..<7 << 20, 33 << 20 + 5..<64 << 20, (64 << 20) - 1..<64 << 20] {
            try ReadOnlyMapping(file, length: 64 << 20).unmap(seen: seen) { isDone.post() }
        }
        #expect(mappings() == before + 5)
        gate.post()
        for _ in 0..<5 { isDone.wait(milliseconds: 10_000) }
        #expect(mappings() == before)
    }

    @Test func `the socket of these tests does linger`() {
        let socket = LingeringSocket(seconds: 1)
        let number = socket.take().relinquish()
        #expect(duration { _ = close(number) } > .milliseconds(900))
    }

    /// close(2) of such a socket waits for as long as its sender likes; here for no longer than a test may take.
    @Test func `a lingering socket holds nobody up`() {
        let socket = LingeringSocket(seconds: 5)
        let number = socket.take().relinquish()
        #expect(duration { _ = Descriptor(received: number, from: user) } < .seconds(2))
        Disposal.drain()
        #expect(isClosed(number))
    }

    @Test func `a copy of what was received is a stranger's too`() throws {
        let socket = LingeringSocket(seconds: 5)
        let number = socket.take().relinquish()
        let copy = dup(number)
        _ = close(number)
        var second: Descriptor? = try Descriptor(received: copy, from: user).duplicate()
        Disposal.drain()
        #expect(isClosed(copy))
        let last = second?.rawValue ?? -1
        let start = ContinuousClock.now
        second = nil
        #expect(ContinuousClock.now - start < .seconds(2))
        Disposal.drain()
        #expect(isClosed(last))
    }

    @Test func `large memory of our own is given back elsewhere`() throws {
        let before = mappingCount(named: "signet-disposal")
        do {
            let file = try AnonymousFile.create(name: "signet-disposal", size: 1 << 20)
            _ = try WritableMapping(file.descriptor, length: 1 << 20)
            _ = try ReadOnlyMapping(file.descriptor, length: 1 << 20)
        }
        Disposal.drain()
        #expect(mappingCount(named: "signet-disposal") == before)
    }
}
