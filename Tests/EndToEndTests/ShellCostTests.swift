import Glibc
import TestSupport
import Testing

/// What clients can make windows and menus cost: as many, as deep, as large and as often as the protocol lets them, and
/// a little more, which is an error that ends nobody else.
@Suite(.serialized) struct ShellCostTests {
    let folder = RuntimeDirectory()

    @Test(arguments: [
        ("parents", 3_000), ("circles", 2_000), ("depths", 20), ("menus", 1_920), ("reactive", 1_200), ("grabs", 500),
        ("positioners", 3_000), ("titles", 10_000), ("marks", 1_000), ("sizes", 3_000), ("states", 100),
        ("devices", 7_000), ("dying", 1_000),
    ])
    func `what a client does with windows and menus holds up nobody`(what: String, count: Int) throws {
        let scene = try HostileScene(folder, isWatched: true)
        // With the sanitizer, some take ten times as long.
        let count = Program.isSanitized ? count / 2 : count
        let client = try Running(
            "hostile-client",
            [folder.path + "/test", "shell", what, String(count)],
            in: folder
        )
        try scene.liveWithFrames(milliseconds: 500)
        #expect(client.hears("done"), "its client was ended, or wasn't told what it was to be told")
        try scene.liveWithFrames(milliseconds: 300)
        client.killTree()
        // What isn't optimised takes several times as long.
        try scene.finish(turns: 60_000)
    }
}
