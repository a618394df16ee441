import ClientToolkit
import Foundation
import Glibc
import TestSupport
import Testing
import WaylandClient

/// Clients that make the command hold, or look at, what is too much or never answers: nobody else waits, a newcomer has
/// its window, and nothing is left.
@Suite(.serialized) struct HoldTests {
    let folder = RuntimeDirectory()

    private func hold(_ what: String, _ count: Int = 1, file: String? = nil) throws -> Running {
        try Running(
            "hostile-client",
            [folder.path + "/test", "hold", what, String(count)] + (file.map { [$0] } ?? []),
            in: folder
        )
    }

    /// Somebody new connects, and its window is seen. What isn't sealed is sealed on a thread.
    private func newcomerIsShown(isSealed: Bool = true) throws {
        let connection = try Connection(to: "test")
        let window = StillWindow(try Globals(connection), color: 0x12_34_56, isSealed: isSealed)
        let isSeen = try eventually {
            try connection.roundTrip()
            return try folder.screenshot().count(of: 0x12_34_56) > 1_000
        }
        #expect(isSeen, "a newcomer's window isn't shown")
        withExtendedLifetime(window) {}
        connection.close()
    }

    @Test(arguments: [("locked", "strict"), ("unsealed", "seal"), ("unsealed", "copy")])
    func `a file whose lock is held is waited for elsewhere`(what: String, policy: String) throws {
        guard let file = try StrangerTests.StuckFile(in: folder, everything: true) else {
            return Program.notInstalled("FUSE, which takes root,")
        }
        let scene = try HostileScene(folder, policy: policy)
        let client = try hold(what, 1, file: file.path)
        #expect(client.hears("done"))
        try scene.live(milliseconds: 500)
        try newcomerIsShown()
        kill(client.identifier, SIGKILL)
        try scene.live(milliseconds: 200)
        file.end()
        _ = client.finish()
        try scene.finish()
    }

    @Test func `many files whose locks are held take no thread from others`() throws {
        guard let file = try StrangerTests.StuckFile(in: folder, everything: true) else {
            return Program.notInstalled("FUSE, which takes root,")
        }
        let scene = try HostileScene(folder, policy: "seal")
        let client = try hold("unsealed", 12, file: file.path)
        #expect(client.hears("done"))
        try scene.live(milliseconds: 500)
        try newcomerIsShown(isSealed: false)
        kill(client.identifier, SIGKILL)
        file.end()
        _ = client.finish()
        try scene.finish()
    }

    @Test(arguments: ["holes", "far"])
    func `what takes long to look at is looked at elsewhere`(what: String) throws {
        let scene = try HostileScene(folder)
        let client = try hold(what, 8)
        try scene.live(milliseconds: 1_500)
        #expect(client.hears("done"))
        try newcomerIsShown()
        client.killTree()
        try scene.finish()
    }

    @Test(arguments: [("pools", 8), ("mappings", 4), ("regions", 6), ("shapes", 1)])
    func `many connections get no more than one`(what: String, count: Int) throws {
        let scene = try HostileScene(folder)
        let client = try hold(what, count)
        try scene.live(milliseconds: 500, limit: .seconds(5))
        #expect(client.hears("done"))
        try newcomerIsShown()
        client.killTree()
        try scene.finish(asleep: 10_000)
    }

    @Test func `connections are shared out`() throws {
        let scene = try HostileScene(folder, files: 1_024)
        let clients = try (0..<4).map { _ in
            try Running("hostile-client", [folder.path + "/test", "flood", "halves", "225"], in: folder)
        }
        for client in clients { #expect(client.hears("done")) }
        try scene.live(milliseconds: 300)
        for _ in 0..<3 { try newcomerIsShown() }
        for client in clients { client.killTree() }
        try scene.finish(asleep: 10_000)
    }
}
