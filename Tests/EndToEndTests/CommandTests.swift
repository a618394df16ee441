import Foundation
import Glibc
import Testing

/// The command line: what it says, what it leaves behind, and its exit status.
@Suite(.serialized) struct CommandTests {
    let folder = RuntimeDirectory()

    private func expectOneLine(
        _ outcome: Program.Outcome,
        status: Int32,
        saying words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("signet: "), "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)", sourceLocation: sourceLocation)
        for word in words { #expect(outcome.errors.contains(word), "\(outcome)", sourceLocation: sourceLocation) }
    }

    @Test(arguments: [
        (["--output", "1920"], "1920x1080"),
        (["--output", "0x100"], "1920x1080"),
        (["--output", "100x100@0"], "1920x1080"),
        (["--output", "100x100*9"], "1920x1080"),
        (["--shm-policy", "lax"], "strict, seal, copy"),
        (["--log-level", "loud"], "warning"),
        (["--frame-memory", "gpu"], "dumb:/dev/dri/card0"), (["--frame-memory", "dumb:"], "dumb:/dev/dri/card0"),
        (["--backend", "kms"], "headless"),
        (["--ready-fd", "77"], "77"),
        (["--nonsense"], "--nonsense"),
        (["screenshot"], "file"), (["screenshot", "--timeout", "0", "x.png"], "--timeout"),
    ])
    func aWrongOptionEndsInOneLine(arguments: [String], word: String) throws {
        expectOneLine(try Program.run("signet", arguments, in: folder), status: EX_USAGE, saying: word, "--help")
    }

    @Test func aTraceHasWhatBecameOfFrames() throws {
        let path = folder.path + "/trace.json"
        let client = "'\(Program.path(of: "simple-shm"))' --size 64x48 & sleep 0.5; kill $!"
        let arguments = ["--output", "200x100", "--draw-always", "--trace", path, "--", "sh", "-c", client]
        let outcome = try Program.run("signet", ["run"] + arguments, in: folder)
        #expect(outcome.status == 0, "\(outcome)")
        let text = try String(contentsOfFile: path, encoding: .utf8) + "{}]"
        let events = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        func count(_ name: String, _ phase: String) -> Int {
            events.count { $0["name"] as? String == name && $0["ph"] as? String == phase }
        }
        #expect(count("latch", "i") > 3 && count("draw", "X") > 3)
        #expect(count("held", "b") > 3 && count("held", "b") == count("held", "e"), "each ends with its client")
        expectOneLine(
            try Program.run("signet", ["run", "--trace", folder.path + "/nowhere/trace", "--", "true"], in: folder),
            status: 1,
            saying: "nowhere/trace",
            "No such file"
        )
    }

    @Test(arguments: [("/dev/null", "No such device"), ("/nonexistent/card0", "No such file")])
    func `frames of a device that isn't one end in one line`(path: String, reason: String) throws {
        let outcome = try Program.run("signet", ["run", "--frame-memory", "dumb:\(path)", "--", "true"], in: folder)
        expectOneLine(outcome, status: 1, saying: "--frame-memory \(path): ", reason, "'sealed' needs no device")
    }

    @Test func helpIsNoError() throws {
        let outcome = try Program.run("signet", ["--help"], in: folder)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("screenshot"))
    }

    /// What Tests/package makes completions and man pages of.
    @Test func `shells and man pages can be told of all commands`() throws {
        for shell in ["bash", "zsh", "fish"] {
            let outcome = try Program.run("signet", ["--generate-completion-script", shell], in: folder)
            #expect(outcome.status == 0 && outcome.output.contains("screenshot-on-failure"), "\(shell)")
        }
        let script = "'\(Program.path(of: "signet"))' --generate-completion-script bash | bash -n"
        #expect(try Program.run("/bin/bash", ["-o", "pipefail", "-c", script], in: folder).status == 0)
        let outcome = try Program.run("signet", ["--experimental-dump-help"], in: folder)
        let help = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let commands = try #require((help["command"] as? [String: Any])?["subcommands"] as? [[String: Any]])
        for command in commands { #expect((command["abstract"] as? String)?.isEmpty == false, "\(command)") }
    }

    @Test func aSocketThatIsTakenIsLeftAlone() throws {
        let first = try folder.compositor()
        let second = try Program.run("signet", ["run", "--socket", "test"], in: folder)
        expectOneLine(second, status: 1, saying: "test", "--socket")
        #expect(folder.contents.contains("test"))
        #expect(first.end().status == 0)
    }

    @Test func aSocketThatWasLeftBehindIsTakenOver() throws {
        let killed = try folder.compositor()
        killed.end(SIGKILL)
        #expect(folder.contents == ["test", "test.lock"])
        #expect(try Program.run("signet", ["run", "--socket", "test", "--", "true"], in: folder).status == 0)
        #expect(folder.contents.isEmpty)
    }

    @Test func withoutANameTheFirstFreeOneIsTaken() throws {
        let first = try Running("signet", [], in: folder)
        _ = eventually { folder.contents.contains("wayland-1") }
        let outcome = try Program.run("signet", ["--", "sh", "-c", "echo child: $WAYLAND_DISPLAY"], in: folder)
        #expect(outcome.output == "WAYLAND_DISPLAY=wayland-2\nchild: wayland-2\n")
        first.end()
    }

    @Test(arguments: ["/nonexistent", "/proc", "/dev/null"])
    func aRuntimeFolderThatCantBeUsedEndsInOneLine(path: String) throws {
        let outcome = try Program.run("signet", ["run"], in: nil, environment: ["XDG_RUNTIME_DIR": path])
        expectOneLine(outcome, status: 1, saying: path, "XDG_RUNTIME_DIR")
    }

    @Test func aNameWithASlashIsRefused() throws {
        expectOneLine(try Program.run("signet", ["--socket", "a/b"], in: folder), status: 1, saying: "a/b")
    }

    @Test func globalsThatAreCappedHaveToBeThere() throws {
        expectOneLine(
            try Program.run("signet", ["run", "--global", "xdg_wm_bass=3"], in: folder),
            status: 1,
            saying: "xdg_wm_bass",
            "--global",
            "xdg_wm_base"
        )
        let outcome = try Program.run("signet", ["run", "--global", "wl_seat=0", "--", "true"], in: folder)
        #expect(outcome.status == 0)
        #expect(folder.contents.isEmpty)
    }

    @Test func withoutARuntimeFolderOneIsMade() throws {
        let outcome = try Program.run("signet", ["--", "sh", "-c", "stat -c '%a %u' $XDG_RUNTIME_DIR"], in: nil)
        let path = "/tmp/signet-runtime-\(geteuid())"
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("XDG_RUNTIME_DIR=\(path)\nWAYLAND_DISPLAY=wayland-"))
        #expect(outcome.output.hasSuffix("700 \(geteuid())\n"))
    }

    @Test func theClientsExitStatusIsOurs() throws {
        #expect(try Program.run("signet", ["--", "true"], in: folder).status == 0)
        #expect(try Program.run("signet", ["run", "--", "sh", "-c", "exit 7"], in: folder).status == 7)
        #expect(try Program.run("signet", ["--", "sh", "-c", "kill -9 $$"], in: folder).status == 137)
        #expect(folder.contents.isEmpty)
    }

    @Test func aClientThatCantBeStartedEndsInOneLine() throws {
        let outcome = try Program.run("signet", ["--", "/nonexistent/client"], in: folder)
        expectOneLine(outcome, status: 127, saying: "/nonexistent/client")
        #expect(folder.contents.isEmpty)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func signalsAreHandled(signal: Int32) throws {
        let alone = try folder.compositor()
        #expect(alone.end(signal).status == 0)
        #expect(folder.contents.isEmpty)
        let forClient = try folder.compositor(["--", "sleep", "100"])
        usleep(200_000)
        #expect(forClient.end(signal).status == 128 + signal)
        #expect(folder.contents.isEmpty)
    }

    @Test func theClientStartsWithCleanSignalsAndLimits() throws {
        // Signals 1 to 28; 32 and 33 are the C library's own.
        let script =
            "grep -E 'SigBlk|SigIgn' /proc/self/status | sed -E 's/[0-9a-f]+([0-9a-f]{7})$/\\1/'; ulimit -Sn; "
            + "ls /proc/self/fd | wc -l"
        let inside = try Program.run("signet", ["--", "sh", "-c", script], in: folder)
        let outside = try Program.run("/bin/sh", ["-c", script], in: folder)
        let lines = inside.output.split(separator: "\n").dropFirst()
        #expect(lines.contains { $0.hasPrefix("SigBlk") && $0.hasSuffix("\t0000000") }, "\(inside)")
        // Nothing blocked or ignored, the limit of open files, and no descriptor of ours.
        #expect(Array(lines) == outside.output.split(separator: "\n"), "\(inside)")
    }

    @Test func readinessIsTold() throws {
        let script =
            "exec 5>$XDG_RUNTIME_DIR/ready; '\(Program.path(of: "signet"))' --ready-fd 5 -- "
            + "sh -c 'od -c $XDG_RUNTIME_DIR/ready; ls /proc/$PPID/fd -l'"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.output.contains("\\n"), "\(outcome)")
        #expect(!outcome.output.contains("/ready"), "it was closed: \(outcome)")
    }

    @Test func aScreenshotNeedsACompositor() throws {
        let outcome = try Program.run("signet", ["screenshot", "/tmp/x.png"], in: folder)
        expectOneLine(outcome, status: 1, saying: "signet run", "WAYLAND_DISPLAY")
    }

    @Test func aScreenshotNeedsAFileAndAnOutput() throws {
        let compositor = try folder.compositor()
        let options = ["screenshot", "--socket", "test"]
        expectOneLine(
            try Program.run("signet", options + ["/nonexistent/x.png"], in: folder),
            status: 1,
            saying: "/nonexistent/x.png"
        )
        expectOneLine(
            try Program.run("signet", options + ["--output", "HDMI-1", "/tmp/x.png"], in: folder),
            status: 1,
            saying: "HDMI-1",
            "HEADLESS-1"
        )
        compositor.end()
    }

    @Test func aScreenshotDoesntWaitForACompositorThatIsStopped() throws {
        let compositor = try folder.compositor()
        kill(compositor.identifier, SIGSTOP)
        let options = ["screenshot", "--socket", "test", "--timeout", "0.5", "/tmp/x.png"]
        let outcome = try Program.run("signet", options, in: folder)
        expectOneLine(outcome, status: 1, saying: "hasn't answered for 0.5 seconds")
        kill(compositor.identifier, SIGCONT)
        #expect(try folder.screenshot().colorCount == 1)
        compositor.end()
    }

    @Test func aScreenshotHasTheOutputsSize() throws {
        let compositor = try folder.compositor(["--output", "321x123@50", "--output", "64x32*2"])
        let picture = try folder.screenshot()
        #expect(picture.width == 321 && picture.height == 123)
        #expect(picture.colorCount == 1)
        let second = folder.path + "/second.png"
        let options = ["screenshot", "--socket", "test", "--output", "HEADLESS-2", second]
        #expect(try Program.run("signet", options, in: folder).status == 0)
        #expect(try Picture(contentsOf: second).width == 64)
        compositor.end()
    }
}
