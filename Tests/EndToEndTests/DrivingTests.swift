import ClientToolkit
import Foundation
import Glibc
import TestSupport
import Testing
import WaylandClient

/// Programs driven by `signet type`, `wait` and the like.
@Suite(.serialized) struct DrivingTests {
    let folder = RuntimeDirectory()

    /// Runs a command against the compositor in `folder`.
    private func signet(_ arguments: String...) throws -> Program.Outcome {
        try Program.run("signet", arguments + ["--socket", "test"], in: folder)
    }

    private func start(_ name: String, _ arguments: [String] = []) throws -> Running {
        let path = Program.installedPath(of: name) ?? name
        return try Running(path, arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    /// A client that the test itself is.
    private func connect() throws -> (Connection, Globals) {
        let connection = try Connection(to: folder.path + "/test")
        return (connection, try Globals(connection))
    }

    @Test func `foot takes what is typed, whatever characters it has`() throws {
        guard Program.isInstalled("foot") else { return Program.notInstalled("foot") }
        let compositor = try folder.compositor(["--output", "1000x700"])
        for text in ["äöüß ÄÖÜ 😀", "~|\\\"'`{}[]^#", "ελληνικά 漢字かな交じり文 한국어 ١٢٣ नमस्ते", "e\u{301} 👩‍💻 €"] {
            let file = folder.path + "/typed"
            let foot = try start("foot", ["-e", "sh", "-c", "cat > \(file)"])
            #expect(try signet("wait", "--window", "foot").status == 0)
            #expect(try signet("type", text + "\n").status == 0)
            #expect(try signet("key", "ctrl+d").status == 0)
            #expect(try signet("wait", "--gone", "foot").status == 0)
            #expect(foot.finish().status == 0)
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text + "\n")
        }
        let missing = try signet("type", "x")
        #expect(missing.status == 1 && missing.errors.contains("no window has the keyboard"))
        compositor.end()
    }

    @Test func `windows are listed, found, moved and closed`() throws {
        guard Program.isInstalled("foot") else { return Program.notInstalled("foot") }
        let compositor = try folder.compositor(["--output", "1000x700"])
        let title = "C++ (1) \"quoted\""
        let foot = try start("foot", ["-T", title, "--app-id", "org.example", "-e", "cat"])
        #expect(try signet("wait", "--window", "org.example", "--stable", "100").status == 0)
        #expect(try signet("move", title, "30", "40").status == 0)
        #expect(try signet("resize", "(1)", "400", "300").status == 0)
        #expect(try signet("wait", "--stable", "50").status == 0)
        let json = try signet("windows", "--json").output
        let windows = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
        let window = try #require(windows?.first)
        #expect(window["title"] as? String == title && window["app_id"] as? String == "org.example")
        #expect(window["pid"] as? Int == Int(foot.identifier))
        #expect(window["x"] as? Int == 30 && window["y"] as? Int == 40)
        #expect((350...400).contains(window["width"] as? Int ?? 0) && window["states"] as? [String] == ["active"])
        let picture = folder.path + "/window.png"
        #expect(try signet("screenshot", "--window", "\(foot.identifier)", picture).status == 0)
        #expect(try Picture(contentsOf: picture).width == window["width"] as? Int)
        let unknown = try signet("activate", "Another")
        #expect(unknown.status == 1 && unknown.errors.contains("'Another'"))
        #expect(try signet("close", "org.example").status == 0)
        #expect(try signet("wait", "--gone", "org.example").status == 0)
        _ = foot.finish()
        #expect(try signet("windows", "--json").output == "[]\n")
        compositor.end()
    }

    @Test func `a program that doesn't answer is told of, with a status of its own`() throws {
        guard Program.isInstalled("foot") else { return Program.notInstalled("foot") }
        let compositor = try folder.compositor()
        let foot = try start("foot", ["-e", "cat"])
        #expect(try signet("wait", "--window", "foot").status == 0)
        kill(foot.identifier, SIGSTOP)
        for arguments in [["type", "x"], ["click", "--at", "100,100"], ["close", "foot"], ["key", "Return"]] {
            let outcome = try Program.run("signet", arguments + ["--socket", "test"], in: folder)
            #expect(outcome.status == 3 && outcome.errors.split(separator: "\n").count == 1, "\(arguments): \(outcome)")
        }
        kill(foot.identifier, SIGCONT)
        #expect(try signet("wait", "--gone", "foot").status == 0)
        _ = foot.finish()
        compositor.end()
    }

    @Test func `pixels that stay the same are stable, whatever is drawn, and what is ignored doesn't count`() throws {
        let compositor = try folder.compositor()
        let (connection, globals) = try connect()
        let window = StillWindow(globals)
        try connection.roundTrip()
        // Draws the same picture, and says that all of it is new, as programs that use OpenGL do.
        let wait = try Running(
            "signet",
            ["wait", "--stable", "300", "--timeout", "10", "--socket", "test"],
            in: folder
        )
        var count = 0
        while wait.process.isRunning {
            window.redraw()
            try connection.roundTrip()
            count += 1
            usleep(5_000)
        }
        #expect(wait.finish().status == 0)
        #expect(count > 10)
        compositor.end()
    }

    @Test func `a caret that blinks is left out, or waited for in vain`() throws {
        guard Program.isInstalled("foot") else { return Program.notInstalled("foot") }
        let compositor = try folder.compositor(["--output", "1000x700"])
        let blink = "while :; do printf 'X\\r'; sleep .1; printf ' \\r'; sleep .1; done"
        let foot = try start("foot", ["-e", "sh", "-c", blink])
        #expect(try signet("wait", "--window", "foot").status == 0)
        let changing = try signet("wait", "--stable", "400", "--timeout", "2")
        #expect(changing.status == 1 && changing.errors.contains("pixels have changed"), "\(changing)")
        #expect(try signet("move", "foot", "100", "100").status == 0)
        let ignored = try signet("wait", "--stable", "400", "--timeout", "10", "--ignore", "100,100,40,40")
        #expect(ignored.status == 0, "\(ignored)")
        foot.end(SIGKILL)
        compositor.end()
    }

    @Test func `what a command leaves down stays so, and what a killed one held comes up`() throws {
        let compositor = try folder.compositor()
        let (connection, globals) = try connect()
        let window = StillWindow(globals)
        var heard: [String] = []
        let keyboard = try globals.bind(WlSeat.self, upTo: 5).getKeyboard()
        keyboard.onKey = { _, _, code, state in heard.append("\(code) \(state == .pressed)") }
        try connection.roundTrip()
        func take() throws -> [String] {
            try connection.roundTrip()
            defer { heard = [] }
            return heard
        }
        // The window answers pings only while it is listened to.
        func run(_ arguments: [String]) throws -> Int32 {
            let running = try Running("signet", arguments + ["--socket", "test"], in: folder)
            while running.process.isRunning {
                try connection.dispatchAvailable()
                usleep(1_000)
            }
            return running.finish().status
        }
        #expect(try run(["keydown", "shift"]) == 0)
        #expect(try take() == ["42 true"])
        #expect(try run(["keyup", "shift"]) == 0)
        #expect(try take() == ["42 false"])
        // Killed while it waits for an answer.
        globals.wmBase.onPing = nil
        let typing = try Running("signet", ["keydown", "a", "--socket", "test"], in: folder)
        let isHeard = try eventually { try take() == ["30 true"] }
        #expect(isHeard)
        typing.end(SIGKILL)
        let isReleased = try eventually { try take() == ["30 false"] }
        #expect(isReleased)
        withExtendedLifetime(window) {}
        compositor.end()
    }

    @Test func `an output becomes another one at run time`() throws {
        let compositor = try folder.compositor()
        #expect(try signet("output").output == "HEADLESS-1\t480x360@60.0\t*1.0\t0,0\n")
        #expect(
            try signet("output", "HEADLESS-1", "--mode", "640x480@30", "--scale", "1.25", "--at", "5,6").status == 0
        )
        #expect(try signet("output").output == "HEADLESS-1\t640x480@30.0\t*1.25\t5,6\n")
        #expect(try folder.screenshot().width == 640)
        let unknown = try signet("output", "HEADLESS-7")
        #expect(unknown.status == 1 && unknown.errors.contains("HEADLESS-1"))
        compositor.end()
    }
}
