import Foundation
import Glibc
import Testing

/// `signet run -- CLIENT` as the parent of what it runs: signals, what is left behind, and what the client finds.
@Suite(.serialized) struct ParentTests {
    let folder = RuntimeDirectory()

    /// Starts a compositor for a shell script, and waits until that has made the file `up`.
    private func run(_ script: String, by wrapper: String = "") throws -> Running {
        let command = "\(wrapper) '\(Program.path(of: "signet"))' run --socket test -- sh -c \"$0\""
        let running = try Running("/bin/sh", ["-c", "exec " + command, script], in: folder)
        let isUp = eventually { folder.contents.contains("up") }
        #expect(isUp)
        return running
    }

    private func contents(of name: String) -> String {
        (try? String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)) ?? ""
    }

    // MARK: Signals

    @Test(arguments: ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM"])
    func `a signal is passed on as it is, each time`(name: String) throws {
        let numbers = [
            "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
            "ALRM": SIGALRM,
        ]
        let script = """
            trap 'echo \(name) >>$XDG_RUNTIME_DIR/heard' \(name); touch $XDG_RUNTIME_DIR/up
            while [ ! -e $XDG_RUNTIME_DIR/enough ]; do sleep 0.02; done; exit 5
            """
        let running = try run(script)
        for count in 1...3 {
            kill(running.identifier, numbers[name]!)
            let arrives = eventually { contents(of: "heard") == String(repeating: "\(name)\n", count: count) }
            #expect(arrives, "\(contents(of: "heard"))")
        }
        #expect(FileManager.default.createFile(atPath: folder.path + "/enough", contents: nil))
        #expect(running.finish().status == 5)
    }

    @Test func `a client that ignores INT still cleans up after TERM`() throws {
        let script = """
            trap '' INT; trap 'echo cleaned >$XDG_RUNTIME_DIR/heard; exit 4' TERM; touch $XDG_RUNTIME_DIR/up
            while :; do sleep 0.02; done
            """
        let running = try run(script)
        kill(running.identifier, SIGINT)
        usleep(100_000)
        kill(running.identifier, SIGINT)
        usleep(100_000)
        #expect(running.end(SIGTERM).status == 4)
        #expect(contents(of: "heard") == "cleaned\n")
    }

    @Test func `all of the client's group hears of a signal`() throws {
        let running = try run("sleep 60 & echo $! >$XDG_RUNTIME_DIR/sleeper; touch $XDG_RUNTIME_DIR/up; wait")
        let sleeper = try #require(pid_t(contents(of: "sleeper").dropLast()))
        #expect(running.end(SIGTERM).status == 128 + SIGTERM)
        let isGone = eventually { kill(sleeper, 0) != 0 }
        #expect(isGone)
    }

    @Test func `a signal to Signet's whole group is heard once`() throws {
        let script = """
            trap 'echo TERM >>$XDG_RUNTIME_DIR/heard' TERM; touch $XDG_RUNTIME_DIR/up
            while [ ! -e $XDG_RUNTIME_DIR/heard ]; do sleep 0.02; done; sleep 0.2; exit 6
            """
        let running = try run(script)
        // Foundation starts a program in a group of its own.
        #expect(kill(-running.identifier, SIGTERM) == 0)
        #expect(running.finish().status == 6)
        #expect(contents(of: "heard") == "TERM\n")
    }

    @Test func `a client whose Signet is killed hears TERM`() throws {
        let script = """
            trap 'echo told >$XDG_RUNTIME_DIR/heard; exit' TERM; touch $XDG_RUNTIME_DIR/up; while :; do sleep 0.02; done
            """
        let running = try run(script)
        running.end(SIGKILL)
        let isTold = eventually { contents(of: "heard") == "told\n" }
        #expect(isTold)
    }

    @Test func `what was ignored at the start stays ignored`() throws {
        let running = try run("trap - HUP; touch $XDG_RUNTIME_DIR/up; sleep 0.5; exit 3", by: "nohup")
        kill(running.identifier, SIGHUP)
        #expect(running.finish().status == 3)
    }

    @Test func `a client's end is seen where SIGCHLD was ignored at the start`() throws {
        let command = "trap '' CHLD; exec '\(Program.path(of: "signet"))' -- sh -c 'exit 3'"
        #expect(try Program.run("/bin/sh", ["-c", command], in: folder).status == 3)
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM])
    func `alone it ends in order`(signal: Int32) throws {
        let compositor = try folder.compositor()
        #expect(compositor.end(signal).status == 0)
        #expect(folder.contents.isEmpty)
    }

    @Test(arguments: [SIGUSR1, SIGALRM, SIGXCPU, 40])
    func `alone it leaves nothing behind whatever ends it`(signal: Int32) throws {
        let compositor = try folder.compositor()
        #expect(compositor.end(signal).status == 128 + signal)
        #expect(folder.contents.isEmpty)
    }

    @Test(arguments: [SIGPIPE, SIGXFSZ, SIGWINCH, SIGURG])
    func `what means nothing to a compositor doesn't end it`(signal: Int32) throws {
        let compositor = try folder.compositor()
        kill(compositor.identifier, signal)
        usleep(50_000)
        #expect(compositor.end().status == 0)
    }

    /// Swift's runtime has a handler for SIGQUIT from the start, which goes on.
    @Test func `a QUIT that comes early isn't lost`() throws {
        for delay in stride(from: 0, to: 40_000, by: 2_000) {
            let running = try Running("signet", ["--socket", "test", "--", "sleep", "60"], in: folder)
            usleep(UInt32(delay))
            #expect(running.end(SIGQUIT).status == 128 + SIGQUIT)
        }
    }

    // MARK: Processes

    /// Runs a script in a pid namespace, where Signet is the first process.
    private func runAsFirst(_ script: String) throws -> Program.Outcome? {
        let options = ["--pid", "--fork", "--mount-proc"]
        guard try Program.run("/usr/bin/unshare", options + ["true"], in: folder).status == 0 else {
            Program.notInstalled("a pid namespace, which takes root,")
            return nil
        }
        let signet = Program.path(of: "signet")
        return try Program.run("/usr/bin/unshare", options + [signet, "run", "--", "sh", "-c", script], in: folder)
    }

    @Test func `as the first process it reaps what its client leaves`() throws {
        let script = """
            for i in 1 2 3 4 5; do (sleep 0.05 &); done; sleep 0.5
            echo zombies: $(grep -l '^State:.Z' /proc/[0-9]*/status | wc -l) parent: $PPID; exit 7
            """
        guard let outcome = try runAsFirst(script) else { return }
        #expect(outcome.output.hasSuffix("zombies: 0 parent: 1\n"), "\(outcome)")
        #expect(outcome.status == 7)
        #expect(folder.contents.isEmpty)
    }

    @Test func `as the first process it is stopped as a container is`() throws {
        let script = """
            trap 'echo stopping >$XDG_RUNTIME_DIR/heard; exit 0' TERM; sh -c 'kill -TERM 1'
            while :; do sleep 0.02; done
            """
        guard let outcome = try runAsFirst(script) else { return }
        #expect(outcome.status == 0, "\(outcome)")
        #expect(contents(of: "heard") == "stopping\n")
    }

    // MARK: What the client finds

    @Test func `the client's environment means this compositor alone`() throws {
        let outer = [
            "WAYLAND_DISPLAY": "wayland-9", "WAYLAND_SOCKET": "7", "DISPLAY": ":3", "XAUTHORITY": "/x",
            "SWAYSOCK": "/y", "GDK_BACKEND": "x11", "QT_QPA_PLATFORM": "xcb", "SDL_VIDEODRIVER": "x11",
            "XDG_SESSION_TYPE": "tty", "ELM_DISPLAY": "x11", "EGL_PLATFORM": "x11",
            "QT_WAYLAND_SHELL_INTEGRATION": "layer-shell",
            "XDG_CURRENT_DESKTOP": "GNOME", "XDG_ACTIVATION_TOKEN": "t", "PLAIN": "kept",
        ]
        let outcome = try Program.run("signet", ["--", "env"], in: folder, environment: outer)
        let lines = Set(outcome.output.split(separator: "\n"))
        let expected = [
            "WAYLAND_DISPLAY=wayland-1", "XDG_RUNTIME_DIR=\(folder.path)", "GDK_BACKEND=wayland",
            "QT_QPA_PLATFORM=wayland", "SDL_VIDEODRIVER=wayland", "XDG_SESSION_TYPE=wayland", "PLAIN=kept",
            "ELM_DISPLAY=wl",
        ]
        for line in expected { #expect(lines.contains(Substring(line)), "\(line): \(outcome)") }
        let foreign = [
            "WAYLAND_SOCKET", "DISPLAY", "XAUTHORITY", "SWAYSOCK", "XDG_CURRENT_DESKTOP", "XDG_ACTIVATION_TOKEN",
            "EGL_PLATFORM", "QT_WAYLAND_SHELL_INTEGRATION",
        ]
        for name in foreign {
            #expect(!lines.contains { $0.hasPrefix(name + "=") }, "\(name)")
        }
    }

    @Test func `an empty environment is enough`() throws {
        let client = "env | cut -d= -f1 | sort | tr '\\n' ' '"
        let arguments = ["-i", Program.path(of: "signet"), "--", "/bin/sh", "-c", client]
        let outcome = try Program.run("/usr/bin/env", arguments, in: folder)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.contains("WAYLAND_DISPLAY") && outcome.output.contains("XDG_RUNTIME_DIR"), "\(outcome)")
    }

    @Test func `the client gets its arguments byte by byte`() throws {
        let script = "exec '\(Program.path(of: "signet"))' -- printf '%s' \"$(printf 'a\\377b')\" c | od -An -tx1"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.output.hasSuffix(" 61 ff 62 63\n"), "\(outcome)")
    }

    @Test(.enabled(if: !Program.isSanitized, "the address sanitizer itself reads /proc"))
    func `without proc all commands work`() throws {
        let signet = Program.path(of: "signet")
        let script = """
            mount -t tmpfs none /proc && cd / &&
            '\(signet)' --version && '\(signet)' doctor >/dev/null && ! '\(signet)' --nonsense 2>/dev/null &&
            '\(signet)' run -- '\(signet)' screenshot $XDG_RUNTIME_DIR/x.png && echo worked
            """
        guard try Program.run("/usr/bin/unshare", ["--mount", "true"], in: folder).status == 0 else {
            return Program.notInstalled("a mount namespace, which takes root,")
        }
        let outcome = try Program.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script], in: folder)
        #expect(outcome.output == "0.1.0\nWAYLAND_DISPLAY=wayland-1\nworked\n", "\(outcome)")
        #expect(outcome.errors.isEmpty)
        #expect(try Picture(contentsOf: folder.path + "/x.png").width == 1_920)
    }
}
