import Testing

@testable import ClientCheck

/// What is told of a client that has nothing to do, by a clock that the test moves.
struct RestTests {
    /// A surface with pixels; the time is 0.
    private func recording(_ type: Judgement.Type) throws -> Recording {
        let recording = try Recording(type)
        recording.makeSurface()
        recording.commit(10)
        return recording
    }

    private func pass(_ recording: Recording, from start: Double, to end: Double, _ body: () -> Void = {}) {
        for step in Int(start * 20)...Int(end * 20) {
            recording.tick(Double(step) / 20)
            body()
        }
    }

    @Test func `requests without end are seen, and those that answer a frame aren't`() throws {
        let busy = try recording(IdleJudgement.self)
        busy.cpuTime { 0 }
        pass(busy, from: 0, to: 3) { for _ in 0..<4 { busy.request(6, "damage", .int(0), .int(0), .int(1), .int(1)) } }
        busy.end()
        #expect(busy.findings.map(\.key) == ["requests"])

        let animated = try recording(IdleJudgement.self)
        animated.cpuTime { 0 }
        pass(animated, from: 0, to: 3) {
            animated.request(6, "frame", .newObject(40))
            for _ in 0..<4 { animated.request(6, "damage", .int(0), .int(0), .int(1), .int(1)) }
            animated.event(40, "done", .uint(1))
            animated.event(1, "delete_id", .uint(40))
        }
        animated.end()
        #expect(animated.findings.isEmpty)
    }

    @Test(arguments: [(1.0, [Severity.warning]), (0.5, [.hint]), (0.05, [])])
    func `CPU time counts once nothing is left to do`(_ share: Double, _ expected: [Severity]) throws {
        let recording = try recording(IdleJudgement.self)
        recording.cpuTime { [unowned model = recording.model] in model.time * share }
        pass(recording, from: 0, to: 3)
        recording.end()
        #expect(recording.findings.map(\.severity) == expected)
    }

    @Test func `drawing may take its time`() throws {
        let recording = try recording(IdleJudgement.self)
        recording.cpuTime { [unowned model = recording.model] in model.time }
        // Each frame takes up to a second, and ends with a commit.
        for frame in 0..<4 {
            recording.request(6, "frame", .newObject(40))
            recording.commit(10)
            recording.event(40, "done", .uint(1))
            recording.event(1, "delete_id", .uint(40))
            pass(recording, from: Double(frame), to: Double(frame) + 0.8)
        }
        recording.end()
        #expect(recording.findings.isEmpty)
    }

    @Test func `a surface waits for one frame callback, and not for a dozen`() throws {
        let recording = try recording(LeakJudgement.self)
        for id: UInt32 in 40..<48 { recording.request(6, "frame", .newObject(id)) }
        #expect(recording.findings.isEmpty)
        recording.request(6, "frame", .newObject(48))
        #expect(recording.findings.map(\.key) == ["frames"])
    }

    @Test func `a client that others keep from its CPU isn't slow`() throws {
        let recording = try Recording(PingJudgement.self)
        recording.makeSurface()
        var queued = 0.0
        recording.queueTime { queued }
        recording.event(5, "ping", .uint(1))
        recording.tick(3)
        queued = 2.5
        recording.request(5, "pong", .uint(1))
        #expect(recording.findings.isEmpty)
    }
}
