import Foundation
import Glibc
import Testing

/// `signet run -- CLIENT` in a terminal: keys, reading, and the shell's job control.
@Suite(.serialized) struct TerminalTests {
    let folder = RuntimeDirectory()
    let terminal: PseudoTerminal

    init() throws {
        terminal = try PseudoTerminal(in: folder)
    }

    /// The shell takes commands again.
    private func expectShell(sourceLocation: SourceLocation = #_sourceLocation) -> String {
        terminal.type("echo shell $((40 + 2))\n")
        return terminal.expect("shell 42", sourceLocation: sourceLocation)
    }

    @Test func `a client hears one ^C once`() {
        let client = "trap 'echo heard' INT; echo up; sleep 1; sleep 1; echo bye; exit 3"
        terminal.type("signet run -- sh -c \"\(client)\"; echo status $?\n")
        terminal.expect("up\r")
        terminal.type("\u{3}")
        terminal.expect("heard")
        let rest = terminal.expect("bye")
        #expect(!rest.contains("heard"))
        terminal.expect("status 3")
        #expect(folder.contents.isEmpty)
    }

    @Test func `a client reads from the terminal, and the shell has it back afterwards`() {
        terminal.type("signet run -- sh -c 'echo up; read x; echo got:$x'\n")
        terminal.expect("up\r")
        terminal.type("words\n")
        terminal.expect("got:words")
        _ = expectShell()
    }

    @Test func `a client that a script runs reads from the terminal too`() {
        terminal.type("sh -c 'signet run -- sh -c \"echo up; read x; echo got:\\$x\"; echo after'\n")
        terminal.expect("up\r")
        terminal.type("words\n")
        terminal.expect("got:words")
        terminal.expect("after")
        _ = expectShell()
    }

    @Test func `^Z stops both, and fg continues both`() {
        terminal.type("signet run -- sh -c 'echo up; read x; echo got:$x'\n")
        terminal.expect("up\r")
        terminal.type("\u{1a}")
        terminal.expect("Stopped")
        terminal.type("fg\n")
        terminal.expect("signet run")
        terminal.type("words\n")
        terminal.expect("got:words")
        _ = expectShell()
    }

    @Test func `one fg continues a script that runs a client`() throws {
        let script = folder.path + "/script"
        try "signet run -- sh -c 'echo up; read x; echo got:$x'; read y; echo then:$y\n"
            .write(toFile: script, atomically: true, encoding: .utf8)
        terminal.type("bash \(script)\n")
        terminal.expect("up\r")
        usleep(300_000)
        terminal.type("\u{1a}")
        terminal.expect("Stopped")
        terminal.type("fg\n")
        terminal.expect("bash")
        terminal.type("words\n")
        let between = terminal.expect("got:words")
        #expect(!between.contains("Stopped"))
        // The terminal goes back to the script.
        terminal.type("more\n")
        terminal.expect("then:more")
        _ = expectShell()
    }

    @Test func `a client that stops itself gives the terminal back`() {
        terminal.type("signet run -- sh -c 'echo up; kill -STOP $$; echo on; read x; echo got:$x'\n")
        terminal.expect("up\r")
        terminal.expect("Stopped")
        terminal.type("fg\n")
        terminal.expect("on\r")
        terminal.type("words\n")
        terminal.expect("got:words")
        _ = expectShell()
    }

    @Test func `the shell keeps a terminal that it has taken itself`() throws {
        terminal.type("signet run --socket test -- sh -c 'echo up; sleep 1.5'\n")
        terminal.expect("up\r")
        usleep(300_000)
        terminal.type("\u{1a}")
        terminal.expect("Stopped")
        terminal.type("bg\n")
        let ends = eventually { folder.contents.isEmpty }
        #expect(ends)
        _ = expectShell()
        terminal.type("read x; echo shell:$x\nwords\n")
        terminal.expect("shell:words")
    }

    @Test func `what a client leaves behind doesn't keep the terminal`() throws {
        let script = folder.path + "/script"
        try "signet run -- sh -c 'echo up; read x; sleep 3 &'\nread y; echo then:$y\n"
            .write(toFile: script, atomically: true, encoding: .utf8)
        terminal.type("bash \(script)\n")
        terminal.expect("up\r")
        terminal.type("one\n")
        usleep(300_000)
        terminal.type("two\n")
        terminal.expect("then:two")
        _ = expectShell()
    }

    @Test func `two readers in a pipeline take turns`() throws {
        let script = folder.path + "/script"
        let client = "signet run -- bash -c 'read x </dev/tty; echo $0:$x >/dev/tty'"
        try "\(client) a | \(client) b\n".write(toFile: script, atomically: true, encoding: .utf8)
        terminal.type("bash \(script)\n")
        usleep(800_000)
        terminal.type("one\n")
        terminal.expect(":one")
        usleep(300_000)
        terminal.type("two\n")
        terminal.expect(":two")
        _ = expectShell()
    }

    @Test func `bg continues a stopped client without the terminal`() {
        terminal.type("signet run -- sh -c 'echo up; sleep 1; echo finished'\n")
        terminal.expect("up\r")
        // A shell that is just starting a program with vfork(2) can't be stopped.
        usleep(200_000)
        terminal.type("\u{1a}")
        terminal.expect("Stopped")
        terminal.type("bg\n")
        terminal.expect("finished\r")
        _ = expectShell()
    }

    @Test func `a client in the background that reads is stopped, and fg gives it the terminal`() {
        terminal.type("signet run -- sh -c 'read x; echo got:$x' &\n")
        terminal.expect("WAYLAND_DISPLAY=wayland-1")
        let isStopped = eventually {
            terminal.type("jobs\n")
            return terminal.expect("signet").contains("Stopped")
        }
        #expect(isStopped)
        terminal.type("fg\n")
        terminal.expect("signet")
        terminal.type("words\n")
        terminal.expect("got:words")
        _ = expectShell()
    }

    @Test func `^C ends a script's loop of runs`() {
        terminal.type("bash -c 'for i in 1 2 3; do signet run -- sh -c \"echo up; exec sleep 5\"; echo next; done'\n")
        terminal.expect("up\r")
        usleep(300_000)
        terminal.type("\u{3}")
        #expect(!expectShell().contains("next"))
        #expect(folder.contents.isEmpty)
    }

    @Test func `each run under make hears one ^C once`() throws {
        guard Program.isInstalled("make") else { return Program.notInstalled("make") }
        let run = "signet run -- sh -c \"trap 'echo heard; exit 1' INT; echo up; sleep 5\""
        let rules = "all: a b\na b:\n\t@\(run)\n"
        try rules.write(toFile: folder.path + "/Makefile", atomically: true, encoding: .utf8)
        terminal.type("make -C \(folder.path) -j2\n")
        terminal.expect("up\r")
        terminal.expect("up\r")
        usleep(300_000)
        terminal.type("\u{3}")
        terminal.expect("heard")
        terminal.expect("heard")
        #expect(!expectShell().contains("heard"))
        #expect(folder.contents == ["Makefile"])
    }

    @Test func `a pager beside Signet gets the terminal when it reads`() {
        terminal.type("signet run -- sh -c 'echo up >&2; sleep 2' | sh -c 'read x </dev/tty; echo pager:$x'\n")
        terminal.expect("up\r")
        usleep(300_000)
        terminal.type("words\n")
        terminal.expect("pager:words")
        _ = expectShell()
    }

    @Test func `a client that is killed leaves the terminal as it was`() {
        terminal.type("signet run -- sh -c 'stty raw; kill -9 $$'; stty -a\n")
        let now = terminal.expect("echoctl")
        #expect(now.contains(" icanon"), "\(now)")
    }

    @Test func `a terminal that is closed ends the run`() throws {
        terminal.type("signet run --socket test -- sleep 100\n")
        let starts = eventually { folder.contents.contains("test") }
        #expect(starts)
        terminal.type("\u{1a}")
        terminal.expect("Stopped")
        terminal.type("disown -h %1; bg\n")
        terminal.type("kill -HUP %1\n")
        let ends = eventually { folder.contents.isEmpty }
        #expect(ends)
    }
}
