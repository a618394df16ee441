import Conformance
import SharedMemory
import Testing
import WaylandServer

/// The server of the module's page, as it stands there.
private final class Regions: WlCompositor.Requests, WlRegion.Requests {
    var heard: [Int32] = []

    func createSurface(_ resource: WlCompositor, id: WlSurface) throws(ProtocolError) {
        throw .implementation("there are no surfaces here")
    }
    func createRegion(_ resource: WlCompositor, id: WlRegion) { id.handler = self }
    func add(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) { heard += [x, y, width, height] }
    func subtract(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) {}
}

@Suite(.serialized) struct PageTests {
    @Test func `the page's server serves`() throws {
        let display = Display()
        let regions = Regions()
        Global<WlCompositor>(on: display, version: 4) { $0.handler = regions }
        let peer = RawPeer(on: display)
        let bind = RawRequest.words(2, 0, [1] + RawRequest.text("wl_compositor") + [4, 3])
        peer.send(RawRequest.words(1, 1, [2]) + bind)
        peer.send(RawRequest.words(3, 1, [4]) + RawRequest.words(4, 1, [1, 2, 3, 4]) + RawRequest.words(3, 0, [5]))
        peer.turn()
        #expect(regions.heard == [1, 2, 3, 4])
        #expect(peer.takeEvents().last?.text(at: 2) == "there are no surfaces here" && display.clientCount == 0)
    }
}
