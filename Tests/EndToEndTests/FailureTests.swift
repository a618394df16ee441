import Foundation
import Glibc
import Testing

/// Clients that take too long or fail: `signet run --timeout` and `--screenshot-on-failure`.
@Suite(.serialized) struct FailureTests {
    let folder = RuntimeDirectory()
    private let shm = "'\(Program.path(of: "simple-shm"))' --size 64x48"

    private func run(_ options: [String], script: String) throws -> Program.Outcome {
        try Program.run("signet", ["run", "--output", "200x100"] + options + ["--", "sh", "-c", script], in: folder)
    }

    private var picturePath: String { folder.path + "/failure.png" }

    /// How many pixels of a picture aren't the background.
    private func shownPixels(_ path: String) throws -> Int {
        let picture = try Picture(contentsOf: path)
        let background = picture.pixels[0]
        return picture.pixels.count { $0 != background }
    }

    private func expectPicture(_ outcome: Program.Outcome, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(outcome.errors.contains("failure.png"), "\(outcome)", sourceLocation: sourceLocation)
        #expect(try shownPixels(picturePath) >= 64 * 48 / 2, sourceLocation: sourceLocation)
    }

    // MARK: --timeout

    @Test func `a client that takes too long gets TERM, and the status is 124`() throws {
        let start = ContinuousClock.now
        let outcome = try run(["--timeout", "0.5"], script: "trap 'echo TERM; exit 0' TERM; sleep 100 & wait")
        #expect(outcome.status == 124)
        #expect(outcome.output.hasSuffix("\nTERM\n"), "\(outcome)")
        #expect(outcome.errors.contains("0.5 seconds"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        let time = ContinuousClock.now - start
        #expect(time > .milliseconds(500) && time < .milliseconds(2_500), "what ends isn't waited for: \(time)")
        #expect(folder.contents.isEmpty)
    }

    @Test func `a client that ignores TERM gets KILL`() throws {
        let outcome = try run(["--timeout", "0.1"], script: "trap '' TERM; sleep 100")
        #expect(outcome.status == 124, "\(outcome)")
        #expect(folder.contents.isEmpty)
    }

    @Test func `processes that the client leaves behind are ended too`() throws {
        // The second ignores TERM, and holds the standard output open, which would keep this test waiting.
        let outcome = try run(["--timeout", "0.3"], script: "(trap '' TERM; sleep 100; sleep 100) & sleep 100")
        #expect(outcome.status == 124, "\(outcome)")
    }

    @Test func `a client that is stopped is ended too`() throws {
        let start = ContinuousClock.now
        #expect(try run(["--timeout", "0.3"], script: "kill -STOP $$").status == 124)
        #expect(ContinuousClock.now - start < .milliseconds(2_500))
    }

    @Test func `a client that ends in time has its own status`() throws {
        #expect(try run(["--timeout", "30"], script: "exit 7").status == 7)
        #expect(try run(["--timeout", "30"], script: "exit 0").status == 0)
    }

    @Test(arguments: [
        (["--timeout", "0", "--", "true"], "--timeout"), (["--timeout", "nan", "--", "true"], "--timeout"),
        (["--timeout", "1"], "after --"), (["--screenshot-on-failure", "x.png"], "after --"),
        (["--screenshot-on-failure", "-", "--", "true"], "file"),
    ])
    func `a wrong option ends in one line`(arguments: [String], word: String) throws {
        let outcome = try Program.run("signet", ["run"] + arguments, in: folder)
        #expect(outcome.status == EX_USAGE && outcome.errors.contains(word), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
    }

    // MARK: --screenshot-on-failure

    @Test func `at a timeout the picture shows the client's windows`() throws {
        let options = ["--timeout", "1", "--screenshot-on-failure", picturePath]
        let outcome = try run(options, script: "exec \(shm)")
        #expect(outcome.status == 124)
        try expectPicture(outcome)
    }

    @Test(arguments: ["TERM", "KILL", "ABRT"])
    func `a client that is killed with its windows leaves a picture of them`(signal: String) throws {
        let options = ["--screenshot-on-failure", picturePath]
        let outcome = try run(options, script: "(sleep 1; kill -\(signal) $$) & exec \(shm)")
        #expect(outcome.status > 128, "\(outcome)")
        try expectPicture(outcome)
    }

    @Test func `a test that fails after its program has gone leaves a picture of that`() throws {
        let script = "\(shm) & sleep 1; kill -KILL $!; wait $!; sleep 0.5; exit 3"
        let outcome = try run(["--screenshot-on-failure", picturePath], script: script)
        #expect(outcome.status == 3)
        try expectPicture(outcome)
    }

    @Test func `a test that fails while its program runs leaves a picture of that`() throws {
        let outcome = try run(["--screenshot-on-failure", picturePath], script: "\(shm) & sleep 1; exit 3")
        #expect(outcome.status == 3)
        try expectPicture(outcome)
    }

    @Test func `others' outputs have pictures of their own, and without windows they are empty`() throws {
        let options = ["--output", "64x32", "--screenshot-on-failure", picturePath]
        let outcome = try run(options, script: "exit 1")
        #expect(outcome.status == 1)
        #expect(try shownPixels(picturePath) == 0)
        #expect(try Picture(contentsOf: folder.path + "/failure-2.png").width == 64)
    }

    @Test func `a client that succeeds leaves no picture`() throws {
        let outcome = try run(["--screenshot-on-failure", picturePath], script: "\(shm) --frames 5")
        #expect(outcome.status == 0)
        #expect(folder.contents.isEmpty && outcome.errors.isEmpty, "\(outcome)")
    }

    @Test func `a picture that can't be written is told of before the client starts`() throws {
        for path in ["/nonexistent/x.png", folder.path] {
            let outcome = try run(["--screenshot-on-failure", path], script: "echo started")
            #expect(outcome.status == 1 && outcome.errors.contains(path), "\(outcome)")
            #expect(!outcome.output.contains("started"))
        }
    }

    @Test func `a picture that can't be written after all doesn't change the status`() throws {
        let path = folder.path + "/sub/x.png"
        try FileManager.default.createDirectory(atPath: folder.path + "/sub", withIntermediateDirectories: false)
        let outcome = try run(["--screenshot-on-failure", path], script: "rmdir \"$XDG_RUNTIME_DIR/sub\"; exit 5")
        #expect(outcome.status == 5)
        #expect(outcome.errors.contains("sub/x.png"), "\(outcome)")
    }
}
