import Testing

@testable import ClientCheck

struct JudgementTests {
    @Test func `a buffer is the client's again when its release has come`() throws {
        let recording = try Recording(ReleaseJudgement.self)
        recording.makeSurface()
        recording.commit(10)
        recording.event(10, "release")
        recording.draw(0, 1, 1, 0xffff_ffff)
        recording.commit(10)
        #expect(recording.findings.isEmpty)
        recording.draw(0, 2, 3, 0x8000_0000)
        recording.event(10, "release")
        #expect(recording.findings.map(\.object) == ["wl_buffer#10"])
        #expect(recording.findings[0].text.hasPrefix("written to at 2,3 1x1"))
    }

    @Test func `what is drawn before another commit of a buffer that wasn't released counts`() throws {
        let recording = try Recording(ReleaseJudgement.self)
        recording.makeSurface()
        recording.commit(10)
        recording.commit(10)
        #expect(recording.findings.isEmpty)
        recording.draw(0, 0, 0, 0xff)
        recording.commit(10)
        #expect(recording.findings.count == 1)
    }

    @Test func `bits that XRGB8888 leaves free may change`() throws {
        let recording = try Recording(ReleaseJudgement.self)
        recording.makeSurface(format: 1)
        recording.commit(10)
        recording.draw(0, 4, 4, 0xff00_0000)
        recording.event(10, "release")
        #expect(recording.findings.isEmpty)
    }

    @Test func `damage has to cover what the surface showed before, not what the buffer had`() throws {
        let recording = try Recording(DamageJudgement.self)
        recording.makeSurface()
        recording.draw(0, 1, 1, 0xff)
        recording.commit(10)
        // The other buffer has nothing at 1,1, which the first one's surface showed.
        recording.draw(1, 5, 5, 0xff)
        recording.commit(11, damage: [5, 5, 1, 1])
        #expect(recording.findings.map(\.key) == ["outside"])
        #expect(recording.findings[0].text.contains("1,1 1x1"))
        recording.draw(0, 1, 1, 0)
        recording.draw(0, 5, 5, 0xff)
        recording.commit(10, damage: [0, 0, 1, 1])
        #expect(recording.findings.count == 1)
    }

    @Test func `a commit without damage shows nothing new`() throws {
        let recording = try Recording(DamageJudgement.self)
        recording.makeSurface()
        recording.commit(10)
        recording.commit(11, damage: nil)
        #expect(recording.findings.isEmpty)
        recording.draw(0, 7, 7, 1)
        recording.commit(10, damage: nil)
        #expect(recording.findings.map(\.key) == ["none"])
    }

    @Test func `surface damage grows with the buffer's scale`() throws {
        let recording = try Recording(DamageJudgement.self)
        recording.makeSurface()
        recording.request(6, "set_buffer_scale", .int(2))
        recording.commit(10)
        recording.draw(1, 7, 7, 1)
        recording.request(6, "damage", .int(3), .int(3), .int(1), .int(1))
        recording.commit(11, damage: nil)
        #expect(recording.findings.isEmpty)
    }

    @Test func `an opaque region is judged by the alpha under it`() throws {
        let recording = try Recording(OpaqueJudgement.self)
        recording.makeSurface()
        for y in 0..<8 { for x in 0..<4 { recording.draw(0, x, y, 0xff00_0000) } }
        recording.request(3, "create_region", .newObject(20))
        recording.request(20, "add", .int(0), .int(0), .int(4), .int(100))
        recording.request(6, "set_opaque_region", .object(20))
        recording.commit(10)
        #expect(recording.findings.isEmpty)
        recording.request(20, "add", .int(4), .int(2), .int(1), .int(1))
        recording.request(6, "set_opaque_region", .object(20))
        recording.commit(10)
        #expect(recording.findings.map(\.text).first?.contains("4,2") == true)
    }

    @Test func `one ack answers all configures before it`() throws {
        let recording = try Recording(ConfigureJudgement.self)
        recording.makeSurface()
        recording.makeWindow()
        for serial: UInt32 in 1...3 { recording.configure(serial, 0, 0, states: []) }
        recording.request(8, "ack_configure", .uint(3))
        recording.tick(5)
        #expect(recording.findings.isEmpty)
        recording.configure(4, 0, 0, states: [])
        recording.tick(5.9)
        recording.event(5, "ping", .uint(90))
        recording.tick(6.1)
        // It may be that it hasn't read it.
        #expect(recording.findings.isEmpty)
        recording.request(5, "pong", .uint(90))
        recording.tick(6.2)
        recording.tick(7)
        #expect(recording.findings.map(\.key) == ["ack"])
    }

    @Test(arguments: [
        (states: [1], width: 8, height: 8, isWrong: false), (states: [1], width: 9, height: 8, isWrong: true),
        (states: [1], width: 7, height: 8, isWrong: true), (states: [2], width: 7, height: 8, isWrong: true),
        (states: [2], width: 9, height: 9, isWrong: false), (states: [3], width: 9, height: 9, isWrong: false),
        (states: [3], width: 8, height: 7, isWrong: true), (states: [4], width: 5, height: 5, isWrong: false),
        (states: [1], width: 0, height: 0, isWrong: false),
    ]) func `sizes bind where the state says so`(states: [UInt8], width: Int, height: Int, isWrong: Bool) throws {
        let recording = try Recording(ConfigureJudgement.self)
        recording.makeSurface()
        recording.makeWindow()
        recording.configure(1, Int32(width), Int32(height), states: states)
        // Before the answer the size is free.
        recording.commit(10)
        #expect(recording.findings.isEmpty)
        recording.request(8, "ack_configure", .uint(1))
        recording.commit(11)
        #expect(recording.findings.isEmpty == !isWrong)
    }

    @Test func `an answer that doesn't come is told at the end`() throws {
        let recording = try Recording(PingJudgement.self)
        recording.makeSurface()
        recording.event(5, "ping", .uint(1))
        recording.tick(0.9)
        recording.request(5, "pong", .uint(1))
        recording.event(5, "ping", .uint(2))
        recording.tick(2)
        recording.request(5, "pong", .uint(2))
        #expect(recording.findings.map(\.key) == ["late"])
        recording.event(5, "ping", .uint(3))
        recording.tick(4)
        recording.end()
        #expect(recording.findings.map(\.key) == ["late", "lost"])
    }

    @Test(arguments: [
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], true), ([1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9], false),
        ([1, 1, 1, 1, 1, 1, 20, 20, 20, 20, 20, 20], false), ([5, 5, 5, 5, 5, 5, 6, 6, 7, 7, 8, 8], false),
    ]) func `a leak grows in each quarter`(_ counts: [Int], _ isLeak: Bool) {
        #expect(LeakJudgement.grows(counts) == isLeak)
    }

    @Test func `a format has to be announced first`() throws {
        let recording = try Recording(FormatJudgement.self)
        recording.makeSurface()
        #expect(recording.findings.isEmpty)
        recording.makeBuffer(30, at: 0, format: 0x3432_4258)
        #expect(recording.findings.map(\.object) == ["wl_buffer#30"])
    }
}
