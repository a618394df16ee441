import ClientToolkit
import Foundation
import Glibc
import SharedMemory
import Testing
import WaylandClient

/// Real clients, ours and the distribution's, on the real compositor.
@Suite(.serialized) struct ClientTests {
    let folder = RuntimeDirectory()

    /// Starts a client of the compositor in `folder`.
    private func client(_ name: String, _ arguments: [String] = []) throws -> Running {
        try Running(
            Program.installedPath(of: name) ?? name,
            arguments,
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
    }

    @Test(arguments: [true, false])
    func simpleShmDrawsIntoSealedMemory(isOffered: Bool) throws {
        let hidden = isOffered ? [] : ["--global", "signet_sealed_buffer_manager_v1=0"]
        let compositor = try folder.compositor(["--log-level", "info"] + hidden)
        let client = try client("simple-shm", ["--frames", "20", "--size", "200x100"])
        let outcome = client.finish()
        #expect(outcome.status == 0, "\(outcome)")
        let way = isOffered ? ", which the compositor was offered" : ""
        #expect(outcome.output == "simple-shm: drawing into a memfd sealed with SHRINK\(way)\n")
        let log = compositor.end().errors
        #expect(log.contains("0 sealed on arrival, 0 copied, 0 refused"), "\(log)")
    }

    @Test(arguments: ["simple-shm", "weston-simple-shm", "weston-flower"])
    func clientsThatSealRunUnderStrict(name: String) throws {
        guard name == "simple-shm" || Program.isInstalled(name) else { return Program.notInstalled(name) }
        let compositor = try folder.compositor(["--log-level", "info"])
        let background = try folder.screenshot().pixels[0]
        let client = try client(name)
        let appears = try eventually { try folder.screenshot().pixels.count { $0 != background } > 5_000 }
        #expect(appears)
        let first = try folder.screenshot()
        #expect(first.colorCount > 2)
        if name != "weston-flower" {
            let moves = try eventually { try folder.screenshot().pixels != first.pixels }
            #expect(moves, "it is an animation")
        }
        client.end()
        let disappears = try eventually { try folder.screenshot().colorCount == 1 }
        #expect(disappears)
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }

    @Test func mesaClientsAreRefusedUnderStrictAndToldWhatHelps() throws {
        guard Program.isInstalled("es2gears_wayland") else { return Program.notInstalled("es2gears_wayland") }
        let compositor = try folder.compositor()
        let client = try client("es2gears_wayland")
        // It goes on asking a connection that is dead.
        sleep(2)
        let outcome = client.end(SIGKILL)
        let log = compositor.end().errors
        #expect(log.contains("es2gears_waylan"), "\(log)")
        #expect(log.contains("F_SEAL_SHRINK") && log.contains("--shm-policy seal"), "\(log)")
        #expect(outcome.errors.contains("F_SEAL_SHRINK"), "\(outcome)")
    }

    @Test func mesaClientsRunUnderSeal() throws {
        guard Program.isInstalled("es2gears_wayland") else { return Program.notInstalled("es2gears_wayland") }
        let compositor = try folder.compositor(["--shm-policy", "seal", "--log-level", "info"])
        let client = try client("es2gears_wayland")
        // The gears are red, green and blue on black.
        let appears = try eventually { try folder.screenshot().count(of: 0) > 10_000 }
        #expect(appears)
        #expect(try folder.screenshot().colorCount > 50)
        client.end()
        let log = compositor.end().errors
        #expect(!log.contains("refused: "), "\(log)")
        #expect(log.contains("0 sealed, "), "\(log)")
    }

    @Test func anIdleCompositorSleeps() throws {
        let compositor = try folder.compositor()
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let globals = try Globals(try Connection(to: "test"))
        let windows = (0..<16).map { _ in StillWindow(globals) }
        for _ in 0..<5 { try globals.connection.roundTrip() }
        // The last frame, and the callbacks of hidden windows.
        sleep(2)
        let before = try contextSwitches(of: compositor.identifier)
        sleep(10)
        let after = try contextSwitches(of: compositor.identifier)
        #expect(after == before)
        #expect(windows.count == 16)
        #expect(try folder.screenshot().colorCount == 2)
        globals.connection.close()
        compositor.end()
    }

    @Test func runningOutOfDescriptorsHurtsOnlyNewcomers() throws {
        let limited = try Running(
            "/bin/sh",
            ["-c", "ulimit -n 24; exec '\(Program.path(of: "signet"))' --socket test"],
            in: folder
        )
        _ = eventually { folder.contents.contains("test") }
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        let first = try Connection(to: "test")
        try first.roundTrip()
        var others: [Connection] = []
        for _ in 0..<40 { if let other = try? Connection(to: "test") { others.append(other) } }
        var refused = 0
        for other in others {
            do { try other.roundTrip() } catch { refused += 1 }
        }
        #expect(refused > 0)
        try first.roundTrip()
        others = []
        let recovers = eventually { (try? Connection(to: "test").roundTrip()) != nil }
        #expect(recovers)
        let outcome = limited.end()
        #expect(outcome.status == 0)
        #expect(outcome.errors.components(separatedBy: "descriptors have run out").count < 10, "\(outcome.errors)")
    }

    private func contextSwitches(of process: Int32) throws -> [String] {
        try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8).split(separator: "\n")
            .filter { $0.contains("ctxt_switches") }.map(String.init)
    }

    /// By a compositor whose input is a script: the command has none yet.
    @Test func `foot takes what is typed, and knows when it is clicked`() throws {
        guard Program.isInstalled("foot") else { return Program.notInstalled("foot") }
        let script = Pipe()
        let compositor = try Running(
            "scripted-compositor",
            ["test", "800", "600"],
            in: folder,
            standardInput: script
        )
        #expect(compositor.hears("ready"))
        let typed = folder.path + "/typed"
        let foot = try Running(
            "/usr/bin/foot",
            ["--config=/dev/null", "sh", "-c", "read line; echo \"$line\" >'\(typed)'"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        let isShown = try eventually { try folder.screenshot().colorCount > 2 }
        #expect(isShown)
        // A click, and H, e, y with the shift key for the first one.
        let lines = ["move 400 300", "click", "press 42", "key 35", "release 42", "key 18", "key 21", "key 28"]
        script.fileHandleForWriting.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        let isTyped = eventually { (try? String(contentsOfFile: typed, encoding: .utf8)) == "Hey\n" }
        #expect(isTyped)
        script.fileHandleForWriting.closeFile()
        #expect(compositor.hears("done"))
        _ = foot.finish()
        let outcome = compositor.finish()
        #expect(outcome.status == 0, "\(outcome)")
    }
}
