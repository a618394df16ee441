import Conformance
import TestProtocolServer
import TestSupport
import Testing
@testable import WaylandServer

/// The runtime counts objects of whatever interface there is, test_v1 and test_child_v1 here, without a line of theirs.
@Suite struct ObjectLedgerTests {
    /// Has room for so many.
    private final class Ledger: ObjectLedger {
        private(set) var count = 0
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func takeObjects(_ count: Int) throws(ProtocolError) {
            guard self.count + count <= limit else { throw .noMemory("\(limit) objects are the limit") }
            self.count += count
        }

        func giveBackObjects(_ count: Int) { self.count -= count }
    }

    private let recorder = Recorder()
    private let display: Display

    init() { display = recorder.makeDisplay() }

    private func connect(_ ledger: Ledger) -> RawPeer {
        let peer = RawPeer(on: display)
        peer.client.objectLedger = ledger
        peer.send(RawPeer.beginning)
        peer.turn()
        return peer
    }

    private func makeChildren(_ ids: Range<UInt32>, _ peer: RawPeer) {
        peer.send(ids.flatMap { RawRequest.words(RawPeer.test, 5, [0, $0]) })
        peer.turn()
    }

    @Test func `every object is counted, in blocks, and given back`() {
        let ledger = Ledger(limit: 10_000)
        let peer = connect(ledger)
        #expect(ledger.count == 64)
        makeChildren(4..<1_000, peer)
        #expect(ledger.count == 1_024 && peer.client.objectCount == 999)
        for child in recorder.children.suffix(900) { child.destroy() }
        #expect(ledger.count < 99 + 3 * 64 && ledger.count >= 99)
        peer.close()
        peer.turn()
        #expect(ledger.count == 0)
    }

    @Test func `clients that end together end by and by`() {
        let peers = (0..<20).map { _ in connect(Ledger(limit: 100_000)) }
        for peer in peers { makeChildren(4..<20_000, peer) }
        // Outside of anybody's turn, as a timer does.
        for peer in peers { peer.client.fail(.noMemory("enough"), receiver: nil) }
        display.loop.dispatch(timeout: 0)
        let left = display.clientCount
        #expect(left > 0 && left < 20, "\(left) of 20")
        for _ in 0..<10_000 where display.clientCount > 0 { display.loop.dispatch(timeout: 0) }
        #expect(display.clientCount == 0)
    }

    @Test func `connections may share a limit`() {
        let ledger = Ledger(limit: 1_024)
        let peers = (0..<3).map { _ in connect(ledger) }
        makeChildren(4..<700, peers[0])
        makeChildren(4..<700, peers[1])
        #expect(peers.map(\.client.isConnected) == [true, false, true])
        #expect(peers[1].takeEvents().last?.text(at: 2) == "1024 objects are the limit")
        makeChildren(4..<60, peers[2])
        #expect(peers[2].client.isConnected)
        for peer in peers { peer.close() }
        for peer in peers { peer.turn() }
        #expect(ledger.count == 0)
    }

    @Test func `a client that is refused its first objects leaves nothing`() {
        let ledger = Ledger(limit: 0)
        let peer = RawPeer(on: display)
        peer.client.objectLedger = ledger
        peer.send(RawPeer.beginning)
        peer.turn()
        #expect(!peer.client.isConnected && peer.client.objectCount == 0 && ledger.count == 0)
    }
}
