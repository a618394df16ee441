import CLinux
import Dispatch
import Glibc
import SharedMemory
import TestSupport
import Testing
import WaylandServer

/// Sources, timers, signals and replies.
@Suite(.serialized) struct EventLoopTests {
    let loop = EventLoop()

    @Test func `an action may remove its own source, and others that are ready`() {
        let pipes = (0..<10).map { _ in Pipe() }
        var sources: [EventLoop.Source] = []
        var calls = 0
        for pipe in pipes {
            pipe.fill()
            sources.append(
                loop.watch(pipe.number, for: .readable) { _ in
                    calls += 1
                    for source in sources { source.remove() }
                }!
            )
        }
        loop.dispatch(timeout: 0)
        loop.dispatch(timeout: 0)
        #expect(calls == 1)
    }

    @Test func `a number that is used again isn't taken for the old one`() {
        let first = Pipe()
        first.fill()
        var calls = 0
        var second: Pipe?
        var source: EventLoop.Source?
        // Both are ready; whichever comes first replaces what the other one watches.
        let other = Pipe()
        other.fill()
        let otherSource = loop.watch(other.number, for: .readable) { _ in
            source?.remove()
            source = nil
            first.close()
            second = Pipe()
        }
        source = loop.watch(first.number, for: .readable) { _ in
            calls += 1
            source?.remove()
        }
        loop.dispatch(timeout: 0)
        loop.dispatch(timeout: 0)
        otherSource?.remove()
        #expect(calls <= 1 && second != nil)
    }

    @Test func `a descriptor may be watched twice, and what is always ready can't be`() {
        let pipe = Pipe()
        pipe.fill()
        var calls = 0
        let sources = (0..<2).map { _ in loop.watch(pipe.number, for: .readable) { _ in calls += 1 } }
        loop.dispatch(timeout: 0)
        #expect(calls == 2)
        for source in sources { source!.remove() }
        loop.dispatch(timeout: 0)
        #expect(calls == 2)
        let file = TestFile.memfd(1)
        #expect(loop.watch(file.rawValue, for: .readable) { _ in } == nil)
    }

    @Test func `timers go off in their order, and not after they are cancelled`() {
        var heard: [Int] = []
        var timers: [EventLoop.Timer] = []
        for number in 0..<4 {
            timers.append(
                loop.makeTimer {
                    heard.append(number)
                    if number == 1 { timers[2].cancel() }
                }
            )
        }
        let now = EventLoop.now
        timers[3].set(at: now + 3_000_000)
        timers[1].set(at: now - 5)
        timers[0].set(at: now - 10)
        timers[2].set(at: now - 1)
        while heard.count < 3 { loop.dispatch(timeout: 1_000) }
        #expect(heard == [0, 1, 3])
        timers[0].set(at: now)
        timers.removeFirst()
        loop.dispatch(timeout: 0)
        #expect(heard == [0, 1, 3], "a timer ends when it is let go")
        timers = []
    }

    @Test func `a timer may set itself`() {
        var count = 0
        var timer: EventLoop.Timer?
        timer = loop.makeTimer {
            count += 1
            timer?.set(at: 0)
        }
        timer?.set(at: 0)
        for _ in 0..<5 { loop.dispatch(timeout: 1_000) }
        #expect(count == 5, "each round once")
        timer = nil
    }

    @Test func `a source that was removed keeps nothing alive`() {
        final class Witness {}
        var source: EventLoop.Source?
        weak var witness: Witness?
        do {
            let pipe = Pipe()
            let kept = Witness()
            witness = kept
            source = loop.watch(pipe.number, for: .readable) { [kept] _ in _ = kept }
            source?.remove()
        }
        #expect(witness == nil && source != nil)
    }

    @Test func `replies come from any thread, in their order, each once`() {
        var heard: [Int] = []
        let replies = (0..<100).map { number in loop.expect { heard.append(number) } }
        DispatchQueue.global().async {
            for reply in replies {
                reply.send()
                reply.send()
            }
        }
        while heard.count < 100 { loop.dispatch(timeout: 1_000) }
        loop.dispatch(timeout: 0)
        #expect(heard == Array(0..<100))
    }

    @Test func `many replies come by turns, and leave room for others`() {
        var heard: [Int] = []
        let replies = (0..<40).map { number in
            loop.expect(of: number < 30 ? 1 : 2) {
                heard.append(number)
                let end = EventLoop.now + 300_000
                while EventLoop.now < end {}
            }
        }
        for reply in replies { reply.send() }
        var rounds = 0
        while heard.count < 40 {
            loop.dispatch(timeout: 1_000)
            rounds += 1
        }
        #expect(rounds >= 8, "\(rounds) rounds")
        #expect(heard[..<20].filter { $0 >= 30 } == Array(30..<40), "\(heard)")
        #expect(heard.filter { $0 < 30 } == Array(0..<30), "\(heard)")
    }

    @Test func `others post what is to be done, in its order`() {
        var heard: [Int] = []
        nonisolated(unsafe) let list = UnsafeMutablePointer<[Int]>.allocate(capacity: 1)
        unsafe list.initialize(to: [])
        let mailbox = loop.mailbox
        DispatchQueue.global().async {
            for number in 0..<1_000 { mailbox.post { unsafe list.pointee.append(number) } }
        }
        while heard.count < 1_000 {
            loop.dispatch(timeout: 1_000)
            heard = unsafe list.pointee
        }
        #expect(heard == Array(0..<1_000))
        unsafe list.deinitialize(count: 1)
        unsafe list.deallocate()
    }

    @Test func `what is posted to a loop that is gone ends`() async {
        var own: EventLoop? = EventLoop()
        let mailbox = own!.mailbox
        let waiting = Task { try await mailbox.run { 1 } }
        try? await Task.sleep(for: .milliseconds(20))
        own = nil
        await #expect(throws: EventLoop.Mailbox.IsClosed.self) { try await waiting.value }
        await #expect(throws: EventLoop.Mailbox.IsClosed.self) { try await mailbox.run { 2 } }
        _ = own
    }

    @Test func `signals come as events`() {
        var count = 0
        let source = loop.watch(signal: SIGUSR2) { count += 1 }
        pthread_kill(pthread_self(), SIGUSR2)
        loop.dispatch(timeout: 1_000)
        #expect(count == 1)
        source?.remove()
    }

    @Test func `another loop can wait for this one`() {
        var polled = pollfd(fd: loop.descriptorNumber, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&polled, 1, 0) == 0)
        let timer = loop.makeTimer {}
        timer.set(at: 0)
        #expect(unsafe poll(&polled, 1, 1_000) == 1)
        loop.dispatch(timeout: 0)
        #expect(unsafe poll(&polled, 1, 0) == 0)
    }

    @Test func `sleep in a turn is told from waiting for a CPU`() {
        loop.turns.measuresSleep = true
        let timer = loop.makeTimer { usleep(20_000) }
        timer.set(at: 0)
        loop.dispatch(timeout: 1_000)
        #expect(loop.turns.longestSleep > 15_000_000 && loop.turns.longest < 15_000_000)
    }

    private final class Pipe {
        private(set) var reading: OwnedSocket
        private let writing: OwnedSocket

        init() {
            var numbers: [CInt] = [0, 0]
            precondition(unsafe pipe(&numbers) == 0)
            reading = OwnedSocket(Descriptor(owning: numbers[0]))
            writing = OwnedSocket(Descriptor(owning: numbers[1]))
        }

        var number: CInt { reading.descriptor.rawValue }

        func fill() { _ = unsafe write(writing.descriptor.rawValue, "x", 1) }

        func close() { reading = OwnedSocket(Descriptor(owning: dup(0))) }
    }
}
