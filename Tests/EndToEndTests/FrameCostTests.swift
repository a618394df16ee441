import ClientToolkit
import Glibc
import TestSupport
import Testing
import WaylandClient

/// What clients can make a request, a commit and a frame cost, with requests that are all allowed, while somebody looks
/// at each frame.
@Suite(.serialized) struct FrameCostTests {
    let folder = RuntimeDirectory()

    @Test(arguments: [
        ("shatter", 1_000), ("layers", 250), ("images", 2), ("outputs", 8_000), ("commits", 8), ("held", 1_200),
        ("sessions", 30_000), ("readers", 20), ("sums", 5_000),
    ])
    func `what a client asks of frames holds up nobody`(what: String, count: Int) throws {
        let scene = try HostileScene(folder, isWatched: true)
        let client = try Running(
            "hostile-windows",
            [what, String(count)],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        try scene.liveWithFrames(milliseconds: 1_500)
        #expect(client.hears("done"))
        try scene.liveWithFrames(milliseconds: 1_000)
        client.killTree()
        // What isn't optimised takes several times as long.
        try scene.finish(turns: 60_000)
    }
}
