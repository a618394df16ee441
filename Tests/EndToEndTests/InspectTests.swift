import ClientToolkit
import Foundation
import Glibc
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// `signet inspect` on a running compositor.
@Suite(.serialized) struct InspectTests {
    let folder = RuntimeDirectory()

    private func inspect(_ arguments: [String] = []) throws -> Program.Outcome {
        try Program.run("signet", ["inspect", "--socket", "test"] + arguments, in: folder)
    }

    private func json() throws -> [String: Any] {
        let outcome = try inspect(["--json"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.filter { $0 == "\n" }.count == 1 && outcome.output.hasSuffix("\n"))
        return try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    private func clients() throws -> [[String: Any]] { try #require(json()["clients"] as? [[String: Any]]) }

    @Test func `a sample client's window and buffers are listed`() throws {
        let compositor = try folder.compositor()
        #expect(try clients().isEmpty, "the command leaves itself out")
        let client = try Running(
            "simple-shm",
            ["--size", "200x100"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        let appears = try eventually { try (clients().first?["surfaces"] as? [Any])?.isEmpty == false }
        #expect(appears)
        let found = try #require(try clients().first)
        #expect(found["pid"] as? Int == Int(client.identifier) && found["user"] as? Int == Int(getuid()))
        #expect((found["command"] as? [String])?.dropFirst() == ["--size", "200x100"])
        let surface = try #require((found["surfaces"] as? [[String: Any]])?.first)
        #expect(surface["role"] as? String == "toplevel" && surface["title"] as? String == "simple-shm")
        #expect(surface["width"] as? Int == 200 && surface["outputs"] as? [String] == ["HEADLESS-1"])
        let buffer = try #require((found["buffers"] as? [[String: Any]])?.first)
        #expect(buffer["kind"] as? String == "sealed-buffer" && buffer["bytes"] as? Int == 80_000)
        let memory = try #require((buffer["memory"] as? [[String: Any]])?.first)
        #expect(memory["tier"] as? String == "sealed")
        #expect((memory["seals"] as? String)?.contains("SHRINK") == true, "\(memory)")
        let usage = try #require(found["usage"] as? [String: Int])
        #expect(usage["buffers", default: 0] > 0 && usage["objects", default: 0] > 0)
        let text = try inspect().output
        #expect(text.contains("\(client.identifier) "), "\(text)")
        #expect(text.contains("sealed-buffer 200x100 XR24 80000 bytes"), "\(text)")
        #expect(text.contains("toplevel 200x100 at "), "\(text)")
        client.end()
        #expect(compositor.end().status == 0)
    }

    @Test func `a memfd that two clients share shows as one file`() throws {
        let compositor = try folder.compositor()
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let file = TestFile.memfd(400, seals: .shrink)
        var status = stat()
        #expect(unsafe fstat(file.rawValue, &status) == 0)
        let connections = try (0..<2).map { _ in try Connection(to: "test") }
        var buffers: [WlBuffer] = []
        for connection in connections {
            let globals = try Globals(connection)
            let made = try globals.makeBuffer(in: file, width: 10, height: 10, stride: 40, format: .xrgb8888)
            buffers.append(made.buffer)
            try connection.roundTrip()
        }
        let memories = try clients().map { client in
            (((client["buffers"] as? [[String: Any]])?.first?["memory"] as? [[String: Any]])?.first) ?? [:]
        }
        #expect(memories.count == 2)
        for memory in memories {
            #expect(memory["inode"] as? UInt64 == UInt64(status.st_ino))
            #expect(memory["device"] as? UInt64 == UInt64(status.st_dev))
        }
        let text = try inspect().output
        #expect(text.contains("shared with \(getpid())"), "\(text)")
        for connection in connections { connection.close() }
        #expect(compositor.end().status == 0)
    }

    @Test func `names that would act on a terminal are escaped`() throws {
        let compositor = try folder.compositor()
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        // A program whose words are of its own making; bash hands its number on.
        let hostile = folder.path + "/a\nb\u{1b}[31m\u{202e}"
        try FileManager.default.copyItem(atPath: Program.path(of: "simple-shm"), toPath: hostile)
        let words = #"exec -a "$(printf 'x\377\033]0;y\007\nz')" "$0" --size 50x50"#
        let client = try Running(
            "/bin/bash",
            ["-c", words, hostile],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        let connection = try Connection(to: "test")
        let window = StillWindow(try Globals(connection))
        window.setTitle("t\n\u{1b}[2J\u{9b}\u{2028}\"\\")
        try connection.roundTrip()
        let appears = try eventually { try clients().count == 2 }
        #expect(appears)
        for arguments in [[], ["--json"]] {
            let text = try inspect(arguments).output
            let isPlain = text.unicodeScalars.allSatisfy { scalar in
                scalar == "\n"
                    || scalar.properties.generalCategory != .control
                        && scalar.properties.generalCategory != .format
            }
            #expect(isPlain, "\(text)")
            #expect(text.contains("2J"), "\(text)")
            #expect(!text.split(separator: "\n").contains { $0.hasPrefix("b") || $0.hasPrefix("z") }, "\(text)")
        }
        let titles = try clients().flatMap { $0["surfaces"] as? [[String: Any]] ?? [] }.compactMap {
            $0["title"] as? String
        }
        #expect(titles.contains("t\n\u{1b}[2J\u{9b}\u{2028}\"\\"))
        client.end()
        connection.close()
        #expect(compositor.end().status == 0)
    }

    @Test func `watching tells of changes, a line of JSON each, until it is interrupted`() throws {
        let compositor = try folder.compositor()
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let watcher = try Running("signet", ["inspect", "--socket", "test", "--json", "--watch"], in: folder)
        #expect(watcher.hears("\n"))
        let connection = try Connection(to: "test")
        let window = StillWindow(try Globals(connection))
        window.setTitle("first")
        try connection.roundTrip()
        #expect(watcher.hears("\"first\""))
        window.setTitle("second")
        try connection.roundTrip()
        #expect(watcher.hears("\"second\""))
        #expect(watcher.end(SIGINT).status == 128 + SIGINT)
        connection.close()
        #expect(compositor.end().status == 0)
    }

    @Test func `without a compositor, and where it ends, one line says so`() throws {
        let outcome = try inspect()
        #expect(outcome.status == 1 && outcome.errors.hasPrefix("signet: ") && outcome.output.isEmpty, "\(outcome)")
        let compositor = try folder.compositor()
        let watcher = try Running("signet", ["inspect", "--socket", "test", "--watch"], in: folder)
        #expect(watcher.hears("all 0 clients"))
        #expect(compositor.end().status == 0)
        let ended = watcher.finish()
        #expect(ended.status == 1 && ended.errors.filter { $0 == "\n" }.count == 1, "\(ended)")
        let hidden = try folder.compositor(["--global", "signet_inspect_manager_v1=0"])
        let refused = try inspect()
        #expect(refused.status == 1 && refused.errors.contains("signet-inspect-v1"), "\(refused)")
        #expect(hidden.end().status == 0)
    }
}
