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

    @Test(arguments: ["holes", "islands", "far", "allocating"])
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
        try scene.finish()
    }

    @Test func `what is read of many connections is no more than one's`() throws {
        let scene = try HostileScene(folder, policy: "copy")
        let client = try hold("unsealable", 10)
        #expect(client.hears("done"))
        try scene.live(milliseconds: 1_000)
        let bytes = scene.residentBytes
        #expect(bytes < 512 << 20, "\(bytes) bytes")
        try newcomerIsShown()
        client.killTree()
        try scene.finish()
    }

    @Test(arguments: ["strict", "seal", "copy"])
    func `offers by the thousand, of anything, hold up nobody and leave nothing`(policy: String) throws {
        let scene = try HostileScene(folder, policy: policy)
        let client = try hold("offers", 6)
        try scene.live(milliseconds: 700)
        #expect(client.hears("done"))
        try newcomerIsShown()
        client.killTree()
        try scene.finish()
    }

    @Test func `inspections that nobody reads, of clients with much, hold up nobody`() throws {
        let scene = try HostileScene(folder)
        let clients = try [("pools", 4), ("offers", 4), ("inspections", 6)].map { what, count in
            let client = try hold(what, count)
            #expect(client.hears("done"))
            return client
        }
        try scene.live(milliseconds: 700)
        try newcomerIsShown()
        for client in clients { client.killTree() }
        try scene.finish()
    }

    @Test func `memory that vanishes while it is drawn holds up nobody`() throws {
        let scene = try HostileScene(folder, isWatched: true)
        let client = try Running(
            "hostile-windows",
            ["vanishing", "512"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        try scene.live(milliseconds: 1_500)
        #expect(client.hears("done"))
        try newcomerIsShown()
        client.killTree()
        try scene.finish()
    }

    @Test(arguments: [("bars", 50), ("titles", 30), ("frames", 150)])
    func `what is drawn and kept for a client has a bound`(what: String, count: Int) throws {
        let scene = try HostileScene(folder)
        let before = scene.residentBytes
        let client = try Running(
            "hostile-windows",
            [what, String(count)],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        #expect(client.hears("done"))
        try scene.live(milliseconds: 300)
        let bytes = scene.residentBytes - before
        #expect(bytes < 160 << 20 || Program.isSanitized, "\(bytes) bytes")
        try newcomerIsShown()
        client.killTree()
        try scene.finish()
    }

    /// With few descriptors altogether, and with more processes than have room if each makes all it may.
    @Test(arguments: [(1_024, 1_000), (9_000, 4_250)])
    func `connections are shared out`(files: Int, count: Int) throws {
        let scene = try HostileScene(folder, files: files)
        let client = try Running(
            "hostile-client",
            [folder.path + "/test", "flood", "halves", String(count)],
            in: folder
        )
        #expect(client.hears("done"))
        try scene.live(milliseconds: 300)
        for _ in 0..<3 { try newcomerIsShown() }
        client.killTree()
        try scene.finish()
    }

    /// With the soft limit that most shells give, which the command raises, and with the same as the hard one; then
    /// also among connections that park descriptors.
    @Test(arguments: [true, false], [0, 1, 20])
    func `a newcomer has its frame among 900 idle connections`(isSoft: Bool, parkedCount: Int) throws {
        let scene = try HostileScene(folder, files: 1_024, isSoft: isSoft)
        let clients = try [("idle", 900), ("parked", parkedCount)].filter { $0.1 > 0 }.map { how, count in
            let client = try Running(
                "hostile-client",
                [folder.path + "/test", "flood", how, String(count)],
                in: folder
            )
            #expect(client.hears("done"))
            return client
        }
        // With no more than that, what was parked too much has to be closed first.
        if !isSoft { try scene.live(milliseconds: 700) }
        let hasRoom = eventually { isSoft || Held(scene.compositor.identifier).descriptors < 768 }
        #expect(hasRoom)
        for _ in 0..<2 { try newcomerIsShown() }
        try scene.live(milliseconds: 100)
        for client in clients { client.killTree() }
        try scene.finish()
    }

    /// RLIMIT_NPROC, or the bound of a cgroup, reached after the start: by the same user's other programs, say.
    @Test(arguments: [HostileScene.Shortage.processesOfUser, .processesOfGroup])
    func `where there are no more threads everybody is served by those that are there`(
        shortage: HostileScene.Shortage
    ) throws {
        guard getuid() == 0 else { return Program.notInstalled("a second user, which takes root,") }
        let scene = try HostileScene(folder, policy: "copy", shortage: shortage)
        let clients = [try hold("mappings", 2), try hold("holes", 8), try hold("unsealable", 2), try hold("pools", 2)]
        for client in clients { #expect(client.hears("done")) }
        try scene.live(milliseconds: 300)
        try newcomerIsShown()
        try newcomerIsShown(isSealed: false)
        for client in clients { client.killTree() }
        try scene.finish()
    }
}
