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

    /// A compositor, somebody who wants nothing but answers, and what is watched.
    private final class Scene {
        let compositor: Running
        let bystander: Connection
        private let before: Int
        /// Where the log goes: a pipe that nobody reads would lose its end.
        private let log: String

        /// `files` is RLIMIT_NOFILE.
        init(_ folder: RuntimeDirectory, files: Int? = nil) throws {
            log = folder.path + "/log"
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            let limit = files.map { "ulimit -n \($0); " } ?? ""
            compositor = try Running(
                "/bin/sh",
                [
                    "-c",
                    "\(limit)exec '\(Program.path(of: "signet"))' run --socket test --output 480x360 --log-level debug",
                ],
                in: folder,
                standardError: FileHandle(forWritingAtPath: log)
            )
            let starts = eventually { folder.contents.contains("test") }
            #expect(starts)
            unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
            bystander = try Connection(to: "test")
            try bystander.roundTrip()
            before = Self.descriptors(of: compositor.identifier)
        }

        private static func descriptors(of process: Int32) -> Int {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []).count
        }

        /// Round trips for so long; the longest is to be far from what the hostile ones wait for. The machine may have
        /// fewer CPUs than there are programs that want one.
        func live(milliseconds: Int, limit: Duration = .milliseconds(1_500)) throws {
            let end = ContinuousClock.now + .milliseconds(milliseconds)
            while ContinuousClock.now < end {
                let time = try ContinuousClock().measure { try bystander.roundTrip() }
                #expect(time < limit, "a bystander waited \(time)")
                usleep(5_000)
            }
        }

        /// Everybody else is gone: so is what they had. Then the longest turn is looked at. Where more threads want a
        /// CPU than there are, a lock's holder may have lost it, and be waited for.
        func finish(asleep limit: Int = 1_000, sourceLocation: SourceLocation = #_sourceLocation) throws {
            // What was sent before hang-up is still served.
            var isClean = false
            for _ in 0..<6 where !isClean {
                isClean = eventually { Self.descriptors(of: compositor.identifier) == before }
            }
            let left = Self.descriptors(of: compositor.identifier) - before
            #expect(isClean, "\(left) descriptors are left", sourceLocation: sourceLocation)
            bystander.close()
            let outcome = compositor.end(SIGTERM)
            #expect(outcome.status == 0, sourceLocation: sourceLocation)
            let text = try String(contentsOfFile: log, encoding: .utf8)
            let line = text.firstMatch(of: #/longest turn: (\d+) us of CPU, (\d+) us asleep.*/#)
            let found = try #require(line, "it says nothing of its longest turn", sourceLocation: sourceLocation)
            // What the sanitizer adds is not the promise.
            let factor = Program.isSanitized ? 5 : 1
            #expect(Int(found.1)! <= 20_000 * factor, "\(found.0)", sourceLocation: sourceLocation)
            #expect(Int(found.2)! <= limit * factor, "\(found.0)", sourceLocation: sourceLocation)
        }
    }

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
        let scene = try Scene(folder)
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
        let scene = try Scene(folder)
        let (client, isDone) = try hostile([place, "linger"])
        #expect(isDone)
        try scene.live(milliseconds: 300)
        kill(client.identifier, SIGKILL)
        _ = client.finish()
        try scene.live(milliseconds: 1_000)
        try scene.finish()
    }

    @Test func `descriptors for which there are no numbers hold up nobody`() throws {
        let scene = try Scene(folder, files: 48)
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
        let scene = try Scene(folder)
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
        let scene = try Scene(folder)
        let (client, isDone) = try hostile([place, kind])
        #expect(isDone)
        kill(client.identifier, SIGKILL)
        _ = client.finish()
        try scene.live(milliseconds: 500)
        try scene.finish()
    }

    @Test(arguments: ["halves", "descriptors", "deaf", "batches"])
    func `a flood from 900 connections holds up nobody`(kind: String) throws {
        let scene = try Scene(folder)
        // What they sent before they hung up is served, at a tenth of the speed with the sanitizer.
        let count = Program.isSanitized ? "200" : "900"
        let client = try Running("hostile-client", [folder.path + "/test", "flood", kind, count], in: folder)
        try scene.live(milliseconds: 3_500, limit: .seconds(Program.isSanitized ? 15 : 5))
        #expect(client.hears("done"))
        client.killTree()
        try scene.finish(asleep: 10_000)
    }
}
