import Foundation
import Glibc
import TestSupport
import Testing
import WaylandClient

/// Descriptors and floods of all kinds against the command: nobody else waits, and nothing is left.
///
/// The measure is the command's own: how much CPU the longest turn of its loop took, and how long one slept in a system
/// call. Waiting for a CPU isn't counted, so that busy machines don't matter.
@Suite(.serialized) struct WireTests {
    let folder = RuntimeDirectory()

    private func hostile(_ arguments: [String]) throws -> (Running, Bool) {
        let client = try Running("hostile-client", [folder.path + "/test"] + arguments, in: folder)
        return (client, client.hears("done"))
    }

    private static let places = ["pool", "dmabuf", "many", "early", "unread", "urgent", "nothing"]

    @Test(arguments: places)
    func `a file that hangs in everything holds up nobody`(place: String) throws {
        guard let file = try StrangerTests.StuckFile(in: folder, everything: true) else {
            return Program.notInstalled("FUSE, which takes root,")
        }
        let scene = try HostileScene(folder)
        let (client, isDone) = try hostile([place, "file", file.path])
        #expect(isDone)
        try scene.live(milliseconds: 700)
        // Its client can't even be killed while it has the file open.
        kill(client.identifier, SIGKILL)
        try scene.live(milliseconds: 300)
        file.end()
        _ = client.finish()
        try scene.finish()
    }

    @Test(arguments: places)
    func `a socket that lingers holds up nobody`(place: String) throws {
        let scene = try HostileScene(folder)
        let (client, isDone) = try hostile([place, "linger"])
        #expect(isDone)
        try scene.live(milliseconds: 300)
        kill(client.identifier, SIGKILL)
        _ = client.finish()
        try scene.live(milliseconds: 1_000)
        try scene.finish()
    }

    @Test func `descriptors for which there are no numbers hold up nobody`() throws {
        let scene = try HostileScene(folder, files: 48)
        // Twelve are kept free.
        let others = try (0..<14).map { _ in try Connection(to: "test") }
        for other in others { try other.roundTrip() }
        let (client, isDone) = try hostile(["behind", "linger"])
        #expect(isDone)
        try scene.live(milliseconds: 1_000)
        kill(client.identifier, SIGKILL)
        _ = client.finish()
        for other in others { other.close() }
        try scene.live(milliseconds: 500)
        try scene.finish()
    }

    @Test(arguments: ["pool", "many", "unread", "nothing"], ["sleeper", "pipe"])
    func `what is locked by a writer that sleeps holds up nobody`(place: String, kind: String) throws {
        guard let file = try StrangerTests.StuckFile(in: folder, everything: true) else {
            return Program.notInstalled("FUSE, which takes root,")
        }
        let scene = try HostileScene(folder)
        let (client, isDone) = try hostile([place, kind, file.path])
        #expect(isDone)
        try scene.live(milliseconds: 500)
        kill(client.identifier, SIGKILL)
        try scene.live(milliseconds: 300)
        file.end()
        _ = client.finish()
        try scene.finish()
    }

    @Test(arguments: ["memory", "watches"], ["pool", "many", "unread"])
    func `what takes long to close is closed elsewhere`(kind: String, place: String) throws {
        let scene = try HostileScene(folder)
        let (client, isDone) = try hostile([place, kind])
        #expect(isDone)
        kill(client.identifier, SIGKILL)
        _ = client.finish()
        try scene.live(milliseconds: 500)
        try scene.finish()
    }

    @Test(arguments: ["halves", "descriptors", "deaf", "batches"])
    func `a flood from 900 connections holds up nobody`(kind: String) throws {
        let scene = try HostileScene(folder)
        // What they sent before they hung up is served, at a tenth of the speed with the sanitizer.
        let count = Program.isSanitized ? "200" : "900"
        let client = try Running("hostile-client", [folder.path + "/test", "flood", kind, count], in: folder)
        try scene.live(milliseconds: 3_500, limit: .seconds(Program.isSanitized ? 15 : 5))
        #expect(client.hears("done"))
        client.killTree()
        try scene.finish()
    }
}
