import CLinux
import Foundation
import Glibc
import Testing
import WaylandClient

/// Standard streams and `--ready-fd` that are full, closed, or somebody else's idea: none of them stops the compositor,
/// and nothing is written where it doesn't belong.
@Suite(.serialized) struct StreamTests {
    let folder = RuntimeDirectory()

    /// A pipe that takes no more until it is read.
    private final class FullPipe {
        let reader: FileHandle
        let writer: FileHandle
        private let filling: Int

        init() {
            let pipe = Pipe()
            (reader, writer) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
            let number = writer.fileDescriptor
            let flags = fcntl(number, F_GETFL)
            _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
            var count = 0
            while unsafe write(number, ".", 1) == 1 { count += 1 }
            filling = count
            // The other end of what Signet writes to is blocking, as the streams of most programs are.
            _ = fcntl(number, F_SETFL, flags)
        }

        /// Reads what came after the filling, once nobody can write any more.
        func finish() -> String {
            try? writer.close()
            let data = (try? reader.readToEnd()) ?? Data()
            return String(decoding: data.dropFirst(filling), as: UTF8.self)
        }
    }

    /// Reads to the end, beside the test.
    private final class LateReader: @unchecked Sendable {
        private var data = Data()
        private let end = DispatchSemaphore(value: 0)

        init(_ file: FileHandle) {
            Thread.detachNewThread { [self] in
                data = (try? file.readToEnd()) ?? Data()
                end.signal()
            }
        }

        func finish() -> String {
            end.wait()
            return String(decoding: data, as: UTF8.self)
        }
    }

    private var clientsAreServed: Bool {
        (try? folder.screenshot().colorCount) == 1
    }

    @Test(arguments: ["standardOutput", "standardError", "both"])
    func `streams that nobody reads stop nothing`(which: String) throws {
        let full = FullPipe()
        let running = try Running(
            "signet",
            ["--socket", "test", "--output", "480x360", "--log-level", "debug"],
            in: folder,
            standardOutput: which == "standardError" ? nil : full.writer,
            standardError: which == "standardOutput" ? nil : full.writer
        )
        let starts = eventually { folder.contents.contains("test") }
        #expect(starts)
        for _ in 0..<3 { #expect(clientsAreServed) }
        let before = Date()
        #expect(running.end(SIGTERM).status == 0)
        // It waits a moment for readers, and not for as long as it takes.
        #expect(Date().timeIntervalSince(before) < 5)
        #expect(!folder.contents.contains("test"))
    }

    @Test func `what is dropped is counted`() throws {
        let full = FullPipe()
        let running = try Running(
            "signet",
            ["--socket", "test", "--log-level", "debug"],
            in: folder,
            standardError: full.writer
        )
        let starts = eventually { folder.contents.contains("test") }
        #expect(starts)
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        // Each says two lines, of some 150 bytes; 256 KiB may wait.
        for _ in 0..<2_500 { try Connection(to: "test").roundTrip() }
        // A reader comes after all.
        let late = LateReader(full.reader)
        try full.writer.close()
        #expect(running.end(SIGTERM).status == 0)
        let text = late.finish()
        // Several, where the reader was slower than what came meanwhile.
        let notices = text.matches(of: #/signet: warning: (\d+) lines of the log were dropped/#).map { Int($0.1)! }
        #expect(!notices.isEmpty)
        let said = text.split(separator: "\n").count { $0.contains("debug") || $0.contains("info") }
        // One line for each connection and one for each end, and what the longest turn was.
        #expect(said + notices.reduce(0, +) == 5_001, "\(said) lines and \(notices)")
    }

    @Test func `a full disk loses lines, which are counted once there is room`() throws {
        guard try Program.run("/usr/bin/unshare", ["--mount", "true"], in: folder).status == 0 else {
            return Program.notInstalled("a mount namespace, which takes root,")
        }
        let signet = "'\(Program.path(of: "signet"))'"
        let script = """
            disk=$XDG_RUNTIME_DIR/disk; mkdir $disk; mount -t tmpfs -o size=4k none $disk
            head -c 4096 /dev/zero >$disk/filling 2>/dev/null
            shot() { \(signet) screenshot --socket test $XDG_RUNTIME_DIR/x.png; }
            \(signet) --socket test --log-level debug 2>>$disk/log >/dev/null &
            while [ ! -e $XDG_RUNTIME_DIR/test ]; do sleep 0.02; done
            shot; shot; sleep 0.2; rm $disk/filling; shot; kill $!; wait $!; echo status $?; cat $disk/log
            """
        let outcome = try Program.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script], in: folder)
        #expect(outcome.output.contains("status 0"), "\(outcome)")
        #expect(outcome.output.contains("signet: warning: 4 lines of the log were dropped"), "\(outcome)")
    }

    @Test func `a reader of the ready descriptor that doesn't read stops nothing`() throws {
        let full = FullPipe()
        let script = "exec '\(Program.path(of: "signet"))' --socket test --output 480x360 --ready-fd 3 3>&1 1>/dev/null"
        let running = try Running("/bin/sh", ["-c", script], in: folder, standardOutput: full.writer)
        let starts = eventually { folder.contents.contains("test") }
        #expect(starts)
        #expect(clientsAreServed)
        #expect(running.end(SIGTERM).status == 0)
    }

    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func `a closed stream's number is given to nothing else`(redirection: String) throws {
        let inner = "ls -l /proc/$PPID/fd >$XDG_RUNTIME_DIR/numbers; ls -l /proc/self/fd >$XDG_RUNTIME_DIR/client"
        let script = "'\(Program.path(of: "signet"))' --log-level debug -- sh -c '\(inner)' \(redirection)"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.status == 0)
        let numbers = try String(contentsOfFile: folder.path + "/numbers", encoding: .utf8)
        let closed = redirection.split(separator: " ").map { $0.hasPrefix("<") ? 0 : $0.hasPrefix("2") ? 2 : 1 }
        for number in closed {
            #expect(numbers.contains(" \(number) -> /dev/null"), "\(numbers)")
        }
    }

    @Test(arguments: [1, 2])
    func `a standard stream may be the ready descriptor, and stays one`(number: Int) throws {
        let arguments = ["--ready-fd", "\(number)", "--", "sh", "-c", "echo out; echo err >&2"]
        let outcome = try Program.run("signet", arguments, in: folder)
        #expect(outcome.status == 0)
        #expect(outcome.output == "WAYLAND_DISPLAY=wayland-1\n" + (number == 1 ? "\n" : "") + "out\n")
        #expect(outcome.errors == (number == 2 ? "\n" : "") + "err\n")
    }

    @Test func `a ready descriptor that can't be written to is an error`() throws {
        let script = "exec '\(Program.path(of: "signet"))' --ready-fd 3 -- true 3</dev/null"
        let outcome = try Program.run("/bin/sh", ["-c", script], in: folder)
        #expect(outcome.status == EX_USAGE)
        #expect(outcome.errors.contains("--ready-fd 3 is open for reading only"), "\(outcome)")
    }

    @Test func `a process's name is printable before it is logged`() throws {
        let compositor = try folder.compositor(["--log-level", "debug"])
        unsafe setenv("XDG_RUNTIME_DIR", folder.path, 1)
        // proc_pid_comm(5): a process can call itself anything.
        let name = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        try Data("a\u{1b}[31m\nb\u{7}".utf8).write(to: URL(filePath: "/proc/self/comm"))
        defer { try? Data(name.dropLast().utf8).write(to: URL(filePath: "/proc/self/comm")) }
        try Connection(to: "test").roundTrip()
        let log = compositor.end().errors
        #expect(log.contains("a\\u{1b}[31m\\u{a}b\\u{7}["), "\(log.debugDescription)")
    }

    @Test func `an error's words are printable`() throws {
        let outcome = try Program.run("signet", ["--", "/nonexistent/\u{1b}[31m\nclient"], in: folder)
        #expect(outcome.status == 127)
        #expect(outcome.errors.split(separator: "\n").count == 1 && !outcome.errors.contains("\u{1b}"), "\(outcome)")
    }
}
