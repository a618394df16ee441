import Conformance
import Glibc
import SharedMemory
import TestProtocolServer
import TestSupport
import Testing
import WaylandServer
import WaylandWire

/// Connections as their bytes come and go.
@Suite(.serialized) struct ConnectionTests {
    let recorder = Recorder()
    let display: Display
    let peer: RawPeer

    init() {
        Disposal.startForTests()
        display = recorder.makeDisplay()
        peer = RawPeer(on: display)
        peer.send(RawPeer.beginning)
        peer.turn()
        _ = peer.takeEvents()
    }

    private func sync(_ id: UInt32) -> [UInt32] { RawRequest.words(1, 0, [id]) }
    private func takeNumbers(_ number: UInt32) -> [UInt32] {
        RawRequest.words(RawPeer.test, 1, [number, 0, 0, 0, 0])
    }
    private var repeated: [UInt32] { RawRequest.words(RawPeer.test, 6) }

    /// Turns until nothing comes any more.
    private func settle(_ rounds: Int = 50) -> [RawEvent] {
        var events: [RawEvent] = []
        for _ in 0..<rounds {
            peer.turn()
            events += peer.takeEvents()
        }
        return events
    }

    // MARK: The end

    @Test func `an error is read by a client that had not read for long`() throws {
        // Until the socket is full, and then some.
        while peer.client.unsentByteCount == 0 {
            peer.send(Array(repeatElement(sync(4), count: 200).joined()))
            peer.turn()
        }
        peer.send(RawRequest.words(99, 0))
        peer.turn()
        #expect(!peer.client.isConnected && display.clientCount == 0)
        let events = settle()
        let last = try #require(events.last)
        #expect(last.object == 1 && last.opcode == 0 && last.words.prefix(2) == [1, 0])
        #expect(last.text(at: 2) == "invalid object 99")
        #expect(events.count { $0.object == 4 } > 1_000, "nothing that came before is lost")
    }

    @Test func `an error is read by a client that is still writing`() throws {
        peer.send(RawRequest.words(99, 0))
        peer.turn()
        for _ in 0..<20 { #expect(peer.send(Array(repeatElement(takeNumbers(1), count: 100).joined()))) }
        peer.turn()
        let last = try #require(peer.takeEvents().last)
        #expect(last.object == 1 && last.opcode == 0)
        #expect(recorder.heard == ["destroyed"], "nothing is read after an error")
    }

    @Test func `the socket is closed at hang-up, or a second after the error`() {
        let before = openDescriptorCount()
        peer.send(RawRequest.words(99, 0))
        peer.turn()
        #expect(openDescriptorCount() == before)
        let second = RawPeer(on: display)
        second.send(RawRequest.words(99, 0))
        second.turn()
        second.close()
        second.turn()
        #expect(openDescriptorCount() == before)
        let start = EventLoop.now
        display.loop.dispatch(timeout: 3_000)
        #expect(EventLoop.now - start > 500_000_000)
        #expect(openDescriptorCount() == before - 1 && !peer.receive())
    }

    @Test func `only so many wait for their errors to be read`() {
        display.limits.departures = 4
        let before = openDescriptorCount()
        let peers = (0..<20).map { _ in RawPeer(on: display) }
        for peer in peers { peer.send(RawRequest.words(99, 0)) }
        for _ in 0..<20 where display.clientCount > 1 { peer.turn() }
        #expect(openDescriptorCount() == before + 20 + 4)
        for peer in peers { #expect(peer.takeEvents().last?.text(at: 2) == "invalid object 99") }
    }

    @Test func `what was sent before hang-up is served`() {
        peer.send(Array(repeatElement(takeNumbers(1), count: 3_000).joined()))
        peer.close()
        for _ in 0..<20 { peer.turn() }
        #expect(recorder.heard.count == 3_001 && recorder.heard.last == "destroyed")
        #expect(display.clientCount == 0)
    }

    @Test func `a client may shut down writing and go on reading`() {
        peer.send(repeated + sync(4))
        shutdown(peer.socket!.descriptor.rawValue, CInt(SHUT_WR))
        let events = settle()
        #expect(events.map(\.object) == [4, 1] && recorder.heard == ["repeat", "destroyed"])
        #expect(!peer.receive())
    }

    @Test func `a handler may end its own client, and others`() {
        let other = RawPeer(on: display)
        other.send(RawPeer.beginning)
        other.turn()
        recorder.onRepeat = { resource in
            other.client.disconnect()
            resource.client.disconnect()
            resource.sendRepeat()
        }
        peer.send(repeated + repeated)
        peer.turn()
        #expect(recorder.heard == ["repeat", "destroyed", "destroyed"] && display.clientCount == 0)
        #expect(!peer.receive() && !other.receive())
    }

    @Test func `a handler may end everything and fail`() {
        recorder.onRepeat = { (resource) throws(ProtocolError) in
            resource.destroy()
            resource.client.disconnect()
            throw ProtocolError.implementation("late")
        }
        peer.send(repeated)
        peer.turn()
        #expect(recorder.heard == ["repeat", "destroyed"] && !peer.client.isConnected)
    }

    // MARK: Turns

    @Test func `one client's batch holds nobody up`() {
        let greedy = (0..<20).map { _ in RawPeer(on: display) }
        for peer in greedy {
            peer.send(RawPeer.beginning)
            peer.turn()
        }
        let batch = Array(repeatElement(takeNumbers(1), count: 2_000).joined())
        for peer in greedy { peer.send(batch) }
        peer.send(sync(4))
        recorder.heard = []
        var rounds = 0
        while peer.takeEvents().isEmpty {
            peer.round()
            rounds += 1
        }
        // A round serves one of those that aren't done and one newcomer, and more where there is time.
        let turns = 21 + 2
        let handled = (2 * turns + 20) * 520
        #expect(rounds <= turns && recorder.heard.count <= handled, "at most two turns of each before it")
        for _ in 0..<300 { peer.turn() }
        #expect(recorder.heard.count == 40_000, "no event comes for what was received and not served")
    }

    @Test func `a newcomer has its turn in each round, however slow the others' requests are`() {
        let slow = (0..<6).map { _ in RawPeer(on: display) }
        for peer in slow {
            peer.send(RawPeer.beginning)
            peer.turn()
        }
        recorder.onRepeat = { _ in usleep(3_000) }
        for peer in slow { peer.send(Array(repeatElement(repeated, count: 8).joined())) }
        peer.send(sync(4))
        var rounds = 0
        while peer.takeEvents().isEmpty {
            peer.round()
            rounds += 1
        }
        #expect(rounds <= slow.count + 2)
        for _ in 0..<60 { peer.round() }
    }

    @Test func `what is left of a turn wakes a loop that waits`() {
        peer.send(Array(repeatElement(takeNumbers(1), count: 2_000).joined()))
        for _ in 0..<20 where recorder.heard.count < 2_000 { display.loop.dispatch(timeout: 5_000) }
        #expect(recorder.heard.count == 2_000)
    }

    // MARK: Messages

    @Test func `messages may come a byte at a time`() {
        let words = takeNumbers(7) + RawRequest.words(RawPeer.test, 5, [1, 4]) + sync(5)
        let bytes = unsafe words.withUnsafeBytes { unsafe Array($0) }
        for byte in bytes {
            peer.send(bytes: [byte])
            peer.turn()
        }
        #expect(recorder.heard == ["numbers 7", "child 1"])
        #expect(peer.takeEvents().map(\.object) == [5, 1])
    }

    @Test func `messages may be cut anywhere`() {
        let words = Array(repeatElement(takeNumbers(7), count: 10).joined())
        let bytes = unsafe words.withUnsafeBytes { unsafe Array($0) }
        for length in 1..<60 {
            recorder.heard = []
            for start in stride(from: 0, to: bytes.count, by: length) {
                peer.send(bytes: Array(bytes[start..<min(start + length, bytes.count)]))
                peer.turn()
            }
            #expect(recorder.heard.count == 10, "\(length) bytes at a time")
        }
    }

    @Test func `a request may be as long as its header can say`() {
        let array = [UInt32](repeating: 1, count: 16_000)
        let request = RawRequest.words(RawPeer.test, 2, RawRequest.text("x") + [0, 64_000] + array)
        peer.send(request + sync(4))
        #expect(settle().map(\.object) == [4, 1] && recorder.heard == ["texts 1 64000"])
    }

    @Test(arguments: [UInt32(0), 4, 7, 9, 10, 65_535])
    func `a length that can't be ends the client`(size: UInt32) {
        peer.send([RawPeer.test, size << 16 | 1, 0, 0, 0, 0, 0])
        let last = settle(2).last
        #expect(last?.words.prefix(2) == [1, 1] && last?.text(at: 2).contains("\(size) bytes") == true)
    }

    @Test func `an event that is too long isn't sent, and the next one is`() throws {
        ServerLog.setHandler { _ in }
        let resource = try #require(recorder.bound.first)
        resource.sendTexts(text: String(repeating: "x", count: 4_100), default: nil, array: WireArray(bytes: []))
        resource.sendTexts(text: "a", default: nil, array: WireArray(bytes: [UInt8](repeating: 1, count: 5_000)))
        // Header, text with its length and its end, null, empty array: 4,096 bytes.
        resource.sendTexts(text: String(repeating: "x", count: 4_075), default: nil, array: WireArray(bytes: []))
        resource.sendRepeat()
        peer.turn()
        let events = peer.takeEvents()
        #expect(events.map(\.opcode) == [1, 5] && events[0].words.count == 1_022)
    }

    @Test func `an event with another client's object isn't sent`() throws {
        ServerLog.setHandler { _ in }
        let other = RawPeer(on: display)
        let child = try TestChildV1(client: other.client, version: 3, id: 0)
        recorder.bound[0].sendObjects(child: child, other: nil)
        recorder.bound[0].sendRepeat()
        peer.turn()
        #expect(peer.takeEvents().map(\.opcode) == [5])
    }

    // MARK: Descriptors

    @Test func `descriptors go out in their order, 28 at a time`() throws {
        let before = openDescriptorCount()
        let file = TestFile.memfd(1)
        for tag in 0..<13 { recorder.bound[0].sendDescriptors(first: file, tag: UInt32(tag), second: file) }
        #expect(openDescriptorCount() == before + 27)
        // As many as go with one message don't wait for the turn's end.
        for tag in 13..<100 { recorder.bound[0].sendDescriptors(first: file, tag: UInt32(tag), second: file) }
        #expect(openDescriptorCount() < before + 30)
        peer.turn()
        let events = peer.takeEvents()
        #expect(events.map { $0.words[0] } == Array(0..<100))
        #expect(peer.descriptorCounts.reduce(0, +) == 200 && peer.descriptorCounts.allSatisfy { $0 <= 28 })
        #expect(openDescriptorCount() == before + 1)
    }

    @Test func `descriptors may come long before their requests`() {
        let before = openDescriptorCount()
        var files = DescriptorList()
        for _ in 0..<200 { files.append(TestFile.memfd(1)) }
        peer.send(sync(4), with: files)
        peer.turn()
        #expect(peer.client.unclaimedDescriptorCount == 200)
        for tag in 0..<100 { peer.send(RawRequest.words(RawPeer.test, 4, [UInt32(tag)])) }
        for _ in 0..<5 { peer.turn() }
        #expect(recorder.heard == (0..<100).map { "descriptors \($0)" } && peer.client.unclaimedDescriptorCount == 0)
        #expect(openDescriptorCount() == before + 200, "our own copies")
    }

    @Test func `descriptors that nothing takes end the client, and are closed`() {
        let before = openDescriptorCount()
        do {
            var files = DescriptorList()
            for _ in 0..<253 { files.append(TestFile.memfd(1)) }
            for _ in 0..<5 { peer.send(sync(4), with: files) }
        }
        let last = settle().last
        #expect(last?.words.prefix(2) == [1, 2] && last?.text(at: 2).contains("1265 descriptors") == true)
        peer.close()
        peer.turn()
        #expect(openDescriptorCount() == before - 2)
    }

    @Test func `of all that send descriptors for nothing, the one with the most ends`() {
        display.limits.totalUnclaimedDescriptors = 100
        let peers = (0..<4).map { _ in RawPeer(on: display) }
        for (index, peer) in peers.enumerated() {
            var files = DescriptorList()
            for _ in 0..<(index == 1 ? 40 : 25) { files.append(TestFile.memfd(1)) }
            peer.send(sync(2), with: files)
            peer.turn()
        }
        #expect(peers.map(\.client.isConnected) == [true, false, true, true])
        #expect(peers[1].takeEvents().last?.text(at: 2).contains("115 descriptors") == true)
    }

    @Test func `a client that holds its own end of the connection doesn't stay for ever`() throws {
        display.limits.unclaimedTime = 30_000_000
        let before = openDescriptorCount()
        let other = RawPeer(on: display)
        do {
            // Each holds the other's.
            var first = DescriptorList()
            var second = DescriptorList()
            first.append(try peer.socket!.descriptor.duplicate())
            second.append(try other.socket!.descriptor.duplicate())
            other.send(sync(2), with: first)
            peer.send(sync(4), with: second)
        }
        other.turn()
        peer.close()
        other.close()
        #expect(display.clientCount == 2)
        let end = EventLoop.now + 3_000_000_000
        while openDescriptorCount() > before - 2, EventLoop.now < end { display.loop.dispatch(timeout: 20) }
        #expect(display.clientCount == 0 && openDescriptorCount() == before - 2)
    }

    @Test func `descriptors may lie unclaimed as long as requests take some`() {
        display.limits.unclaimedTime = 100_000_000
        var files = DescriptorList()
        for _ in 0..<40 { files.append(TestFile.memfd(1)) }
        peer.send(sync(4), with: files)
        for tag in 0..<15 {
            peer.send(RawRequest.words(RawPeer.test, 4, [UInt32(tag)]))
            peer.turn()
            usleep(20_000)
        }
        #expect(peer.client.isConnected && peer.client.unclaimedDescriptorCount == 10)
    }

    @Test func `a client that doesn't read gets few descriptors`() {
        let before = openDescriptorCount()
        let file = TestFile.memfd(1)
        let reader = RawPeer(on: display)
        reader.send(RawPeer.beginning)
        reader.turn()
        for round in 0..<400 {
            for resource in recorder.bound { resource.sendDescriptors(first: file, tag: UInt32(round), second: file) }
            display.flushClients()
            reader.receive()
            if round == 120 { #expect(peer.client.isConnected) }
        }
        peer.turn()
        #expect(!peer.client.isConnected && reader.client.isConnected)
        #expect(peer.client.lastError?.contains("258 descriptors of events wait") == true)
        #expect(openDescriptorCount() <= before + 3)
    }

    @Test func `of all that don't read, the one with the most descriptors goes`() {
        display.limits.totalUndeliveredDescriptors = 100
        let file = TestFile.memfd(1)
        let peers = (0..<4).map { _ in RawPeer(on: display) }
        for peer in peers { peer.send(RawPeer.beginning) }
        peer.turn()
        for (index, resource) in recorder.bound.dropFirst().enumerated() {
            for _ in 0..<(index == 1 ? 20 : 12) { resource.sendDescriptors(first: file, tag: 0, second: file) }
            display.flushClients()
        }
        peer.turn()
        #expect(peers.map(\.client.isConnected) == [true, false, true, true])
    }

    @Test func `an urgent byte is one like others`() {
        let words = sync(4)
        peer.send(bytes: unsafe words.withUnsafeBytes { unsafe Array($0.prefix(11)) })
        unsafe words.withUnsafeBytes { bytes in
            let last = unsafe UnsafeRawBufferPointer(rebasing: bytes[11...])
            let sent = unsafe Glibc.send(peer.socket!.descriptor.rawValue, last.baseAddress, 1, CInt(MSG_OOB))
            #expect(sent == 1)
        }
        peer.turn()
        #expect(peer.takeEvents().first?.object == 4)
    }

    @Test func `a request without its descriptor ends the client`() {
        peer.send(RawRequest.words(RawPeer.test, 4, [1]))
        #expect(settle(2).last?.text(at: 2) == "invalid arguments for test_v1@3.take_descriptors")
    }

    // MARK: Limits

    @Test func `a client that doesn't read is disconnected for what it costs, not for the time`() {
        display.limits.unsentBytes = 100_000
        let deaf = RawPeer(on: display)
        deaf.send(RawPeer.beginning)
        deaf.turn()
        while deaf.client.unsentByteCount == 0 {
            deaf.send(Array(repeatElement(sync(4), count: 100).joined()))
            deaf.turn()
        }
        for _ in 0..<100 { deaf.turn() }
        #expect(deaf.client.isConnected)
        for _ in 0..<100 where deaf.client.isConnected {
            deaf.send(Array(repeatElement(sync(4), count: 100).joined()))
            deaf.turn()
        }
        #expect(!deaf.client.isConnected && deaf.client.lastError?.contains("bytes of events wait") == true)
        #expect(peer.client.isConnected && deaf.client.unsentByteCount == 0)
    }

    @Test func `of all that don't read, the worst is disconnected`() {
        display.limits.totalUnsentBytes = 300_000
        let deaf = (0..<6).map { _ in RawPeer(on: display) }
        for round in 0..<2_000 {
            // The first one asks twice as often.
            for (index, peer) in deaf.enumerated() where index == 0 || round % 2 == 0 {
                peer.send(Array(repeatElement(sync(2), count: 20).joined()))
            }
            peer.turn()
            if !deaf.allSatisfy(\.client.isConnected) { break }
        }
        #expect(deaf.map(\.client.isConnected) == [false, true, true, true, true, true])
        #expect(deaf.map(\.client.unsentByteCount).reduce(0, +) < 300_000)
    }

    @Test func `those who left without reading go before those who are there`() {
        display.limits.totalUnsentBytes = 300_000
        func fill(_ peer: RawPeer, to bytes: Int) {
            while peer.client.unsentByteCount < bytes, peer.client.isConnected {
                peer.send(Array(repeatElement(sync(2), count: 100).joined()))
                peer.turn()
            }
        }
        var leavers: [RawPeer] = []
        for _ in 0..<6 {
            let gone = RawPeer(on: display)
            fill(gone, to: 100_000)
            gone.send(RawRequest.words(99, 0))
            for _ in 0..<100 where gone.client.isConnected { gone.turn() }
            leavers.append(gone)
        }
        let living = RawPeer(on: display)
        fill(living, to: 200_000)
        #expect(living.client.isConnected && leavers.allSatisfy { !$0.client.isConnected })
    }

    @Test func `the end of a client with many objects holds nobody up`() {
        let many = RawPeer(on: display)
        many.send(RawPeer.beginning)
        many.turn()
        for start in stride(from: UInt32(4), to: 60_000, by: 1_000) {
            many.send((start..<start + 1_000).flatMap { RawRequest.words(RawPeer.test, 5, [0, $0]) })
            for _ in 0..<20 where many.client.objectCount < start + 999 { many.turn() }
        }
        #expect(many.client.objectCount > 60_000)
        many.close()
        var served = 0
        while many.client.objectCount > 0, served < 1_000 {
            peer.send(sync(4))
            peer.round()
            if !peer.takeEvents().isEmpty { served += 1 }
        }
        #expect(served >= 2 && many.client.objectCount == 0 && !many.client.isConnected)
        #expect(recorder.heard.filter { $0 == "destroyed" }.count == 1)
    }

    @Test func `text that isn't UTF-8 is repaired as far as titles go`() {
        let bytes = [UInt8](repeating: 0xff, count: 60_000) + [0, 0, 0, 0]
        var words = [UInt32(60_001)]
        words += stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
        }
        let other = RawPeer(on: display)
        let request = [RawPeer.registry, UInt32(8 + (words.count + 3) * 4) << 16, 1] + words + [1, 3]
        other.send(RawRequest.words(1, 1, [RawPeer.registry]) + request)
        for _ in 0..<10 where other.client.isConnected { other.turn() }
        #expect(!other.client.isConnected)
        #expect((other.client.lastError?.utf8.count ?? 0) > 1_000)
        #expect((other.client.lastError?.utf8.count ?? 0) <= 2_050)
    }

    @Test func `objects are counted, and limited`() {
        display.limits.objects = 10
        let other = RawPeer(on: display)
        other.send(RawPeer.beginning)
        other.turn()
        #expect(other.client.objectCount == 3)
        for id in UInt32(4)..<11 { other.send(RawRequest.words(RawPeer.test, 5, [0, id])) }
        other.turn()
        #expect(other.client.objectCount == 10)
        recorder.children.last!.destroy()
        #expect(other.client.objectCount == 9)
        other.send(RawRequest.words(RawPeer.test, 5, [0, 10]) + RawRequest.words(RawPeer.test, 5, [0, 11]))
        other.turn()
        let last = other.takeEvents().last
        #expect(last?.words.prefix(2) == [1, 2])
        #expect(last?.text(at: 2) == "test_child_v1@11 would be one object too many; a client may have 10")
        #expect(other.client.objectCount == 0 && peer.client.objectCount == 3)
    }

    @Test func `the server's numbers aren't used twice`() throws {
        let first = try TestChildV1(client: peer.client, version: 3, id: 0)
        first.destroy()
        let second = try TestChildV1(client: peer.client, version: 3, id: 0)
        #expect(first.id == 0xff00_0000 && second.id == 0xff00_0001)
        peer.send(RawRequest.words(first.id, 1))
        #expect(settle(2).last?.text(at: 2) == "invalid object 4278190080")
    }
}

extension Disposal {
    /// As a compositor does, so that what strangers sent isn't closed here.
    fileprivate static func startForTests() { try? start() }
}
