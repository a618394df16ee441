import Foundation
import Glibc
import Testing

/// The socket's name and its lock: who has it, and what is never touched.
@Suite(.serialized) struct SocketTests {
    let folder = RuntimeDirectory()

    private func run(_ arguments: [String] = ["--socket", "test", "--", "true"]) throws -> Program.Outcome {
        try Program.run("signet", arguments, in: folder)
    }

    private func make(_ name: String, _ text: String = "precious") {
        _ = FileManager.default.createFile(atPath: folder.path + "/" + name, contents: Data(text.utf8))
    }

    @Test func `another file in the socket's place stays`() throws {
        make("test")
        let outcome = try run()
        #expect(outcome.status == 1 && outcome.errors.contains("\(folder.path)/test exists"), "\(outcome)")
        #expect(folder.contents == ["test"])
        #expect(try String(contentsOfFile: folder.path + "/test", encoding: .utf8) == "precious")
    }

    @Test func `names that other files have are passed over`() throws {
        make("wayland-1")
        let outcome = try run(["--", "true"])
        #expect(outcome.output == "WAYLAND_DISPLAY=wayland-2\n")
        #expect(folder.contents == ["wayland-1"])
    }

    @Test func `a link in the lock's place isn't followed`() throws {
        let link = folder.path + "/test.lock"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/elsewhere")
        let outcome = try run()
        #expect(outcome.status == 1 && outcome.errors.contains("\(link) exists"), "\(outcome)")
        #expect(folder.contents == ["test.lock"])
    }

    @Test func `a socket on which somebody listens stays, with or without a lock`() throws {
        let compositor = try folder.compositor()
        // As a server that keeps no lock.
        try FileManager.default.removeItem(atPath: folder.path + "/test.lock")
        let outcome = try run()
        #expect(outcome.status == 1 && outcome.errors.contains("in use by another server"), "\(outcome)")
        #expect(folder.contents == ["test"])
        #expect(try folder.screenshot().colorCount == 1)
        compositor.end()
    }

    @Test func `a lock file with content is another file`() throws {
        make("test.lock")
        let outcome = try run()
        #expect(outcome.status == 1 && outcome.errors.contains("test.lock exists"), "\(outcome)")
        #expect(try String(contentsOfFile: folder.path + "/test.lock", encoding: .utf8) == "precious")
    }

    @Test(arguments: ["test", "test.lock"])
    func `what takes the socket's or the lock's place while it runs stays at the end`(name: String) throws {
        let compositor = try folder.compositor()
        try FileManager.default.removeItem(atPath: folder.path + "/" + name)
        make(name)
        compositor.end()
        #expect(folder.contents == [name])
    }

    @Test func `a folder that is too long is named, and not the socket`() throws {
        let long = folder.path + "/" + String(repeating: "x", count: 105 - folder.path.utf8.count - 1)
        try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: false)
        for arguments in [["--", "true"], ["--socket", "test", "--", "true"]] {
            let outcome = try Program.run("signet", arguments, in: nil, environment: ["XDG_RUNTIME_DIR": long])
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.errors.hasPrefix("signet: XDG_RUNTIME_DIR is too long"), "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: long).isEmpty)
        let screenshot = ["screenshot", "--socket", "test", "/tmp/x.png"]
        let outcome = try Program.run("signet", screenshot, in: nil, environment: ["XDG_RUNTIME_DIR": long])
        #expect(outcome.errors.hasPrefix("signet: XDG_RUNTIME_DIR is too long"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test func `a name that is too long is named`() throws {
        let outcome = try run(["--socket", String(repeating: "n", count: 200), "--", "true"])
        #expect(outcome.status == 1 && outcome.errors.contains("the socket's name has 200 bytes"), "\(outcome)")
    }

    @Test(arguments: ["two\nlines", "..", "test.lock", "a/b", "a/\u{301}b", "\u{1b}[31m", "\u{202e}abc"])
    func `a name that can't be one is refused in one line`(name: String) throws {
        let outcome = try run(["--socket", name, "--", "true"])
        #expect(outcome.status == 1 && outcome.errors.contains("can't be a socket's name"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.output.isEmpty)
        #expect(folder.contents.isEmpty)
    }

    @Test func `a relative folder is refused`() throws {
        let outcome = try Program.run("signet", ["--", "true"], in: nil, environment: ["XDG_RUNTIME_DIR": "here"])
        #expect(outcome.status == 1 && outcome.errors.contains("isn't an absolute path"), "\(outcome)")
    }

    @Test func `a folder that others can write to is warned of`() throws {
        unsafe chmod(folder.path, 0o777)
        let outcome = try run()
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("warning") && outcome.errors.contains("mode 0700"), "\(outcome)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
    func `another user's folder is warned of`() throws {
        unsafe chown(folder.path, 65_534, 65_534)
        let outcome = try run()
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("belongs to user 65534"), "\(outcome)")
    }

    /// Servers that start and end all the time under one name: while a client runs, no other has the name, and the
    /// socket is there. The client finds out with a folder that only one of two can make.
    @Test func `of two starts one has the name`() throws {
        let client = """
            mkdir $XDG_RUNTIME_DIR/one || exit 5; sleep 0.002; test -S $XDG_RUNTIME_DIR/race || exit 6
            rmdir $XDG_RUNTIME_DIR/one
            """
        let loop = """
            for i in $(seq 12); do
                "$0" --socket race -- sh -c "$1" >/dev/null 2>&1
                case $? in 0|1) ;; *) exit 9 ;; esac
            done
            """
        let starts = try (0..<4).map { _ in
            try Running("/bin/sh", ["-c", loop, Program.path(of: "signet"), client], in: folder)
        }
        for start in starts { #expect(start.finish().status == 0) }
        #expect(folder.contents.isEmpty)
    }
}
