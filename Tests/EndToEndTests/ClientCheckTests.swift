import Foundation
import FoundationXML
import Testing

/// `signet check`: it finds each fault of the example `faulty`, and nothing where there is none.
@Suite(.serialized) struct ClientCheckTests {
    let folder = RuntimeDirectory()

    private func check(_ arguments: [String], _ client: [String]) throws -> Program.Outcome {
        try Program.run("signet", ["check"] + arguments + ["--"] + client, in: folder)
    }

    private func faulty(_ fault: String = "none") -> [String] { [Program.path(of: "faulty"), "--fault", fault] }

    /// What is wrong, where it shows, for how long that takes, and what is found.
    struct Expectation: CustomTestStringConvertible {
        let fault: String
        var scene = "ordinary"
        var seconds = 0.5
        let found: Set<String>

        init(_ fault: String, _ found: String..., scene: String = "ordinary", seconds: Double = 0.5) {
            (self.fault, self.scene, self.seconds) = (fault, scene, seconds)
            self.found = Set(found)
        }

        var testDescription: String { fault }
    }

    private static let expectations = [
        Expectation("unsealed", "seals warning"),
        Expectation("unsealable", "seals warning"),
        Expectation("shared-file", "seals warning"),
        Expectation("writes-before-release", "release error"),
        Expectation("no-damage", "damage error"),
        Expectation("small-damage", "damage error"),
        Expectation("not-opaque", "opaque error"),
        Expectation("no-ack", "configure error", seconds: 1.4),
        Expectation("fixed-size", "configure error", scene: "configure-storm", seconds: 1.5),
        Expectation("leaks-pools", "leaks error", seconds: 1),
        Expectation("leaks-buffers", "leaks error", seconds: 1),
        Expectation("leaks-surfaces", "leaks error", seconds: 1),
        Expectation("leaks-regions", "leaks error", seconds: 1),
        Expectation("leaks-frames", "leaks warning", scene: "late-frames", seconds: 1),
        Expectation("no-pong", "ping error", seconds: 1.9),
        Expectation("chatty", "idle hint", seconds: 2),
        Expectation("spins", "idle warning", seconds: 2.4),
        Expectation("breaks-protocol", "protocol error", "survival error"),
        Expectation("crashes", "survival error"),
        Expectation("dies-of-configures", "survival error", scene: "configure-storm"),
        Expectation("dies-of-new-output", "survival error", scene: "output-changes"),
        Expectation("dies-of-lost-output", "survival error", scene: "output-changes"),
        Expectation("dies-of-scale", "survival error", scene: "output-changes", seconds: 1),
        Expectation("other-format", "formats error", scene: "fallbacks"),
        Expectation("dies-of-failed-buffer", "survival error", scene: "fallbacks"),
        Expectation("ignores-close", "survival hint", scene: "close"),
        Expectation("crashes-on-close", "survival error", scene: "close"),
        Expectation("spins-without-frames", "idle warning", scene: "late-frames", seconds: 2),
        Expectation("dies-without-release", "survival error", scene: "late-releases"),
        Expectation("crashes-on-no-memory", "survival error", scene: "no-memory"),
        Expectation("hangs-on-no-memory", "survival error", scene: "no-memory"),
    ]

    @Test(arguments: expectations) func `each fault is found, and nothing else`(_ expected: Expectation) throws {
        let found = try findings(["--only", expected.scene, "--for", "\(expected.seconds)"], expected.fault)
        // On a busy machine a client may be slow besides.
        let slowness: Set = ["idle hint", "ping warning"]
        #expect(found.subtracting(slowness.subtracting(expected.found)) == expected.found)
    }

    /// What is found, as `damage error`.
    private func findings(_ arguments: [String], _ fault: String) throws -> Set<String> {
        let outcome = try check(arguments + ["--json", "-"], faulty(fault))
        let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let scenes = try #require((parsed as? [String: Any])?["scenes"] as? [[String: Any]])
        let all = scenes.flatMap { $0["findings"] as? [[String: Any]] ?? [] }
        let isError = all.contains { $0["severity"] as? String == "error" }
        #expect(outcome.status == (isError ? 1 : 0), "\(outcome.errors)")
        return Set(all.compactMap { "\($0["judgement"] ?? "") \($0["severity"] ?? "")" })
    }

    @Test func `nothing is found in a client without a fault`() throws {
        let outcome = try check(["--for", "0.6", "--strict"], faulty())
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("0 errors, 0 warnings"), "\(outcome.output)")
        #expect(outcome.output.contains("in 8 scenes, 11 judgements"))
    }

    /// Each pool that a client forgets takes a descriptor here too, and the client isn't to see that more are allowed.
    @Test func `the client has the limit of open files that the check was started with`() throws {
        let file = folder.path + "/limit"
        let faulty = faulty().joined(separator: " ")
        let client = ["sh", "-c", "ulimit -Sn > \(file); exec \(faulty)"]
        let check = "exec \(Program.path(of: "signet")) check --for 0.3 --only ordinary -- \"$@\""
        let outcome = try Program.run("/bin/sh", ["-c", "ulimit -Sn 200; \(check)", "sh"] + client, in: folder)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "200\n")
    }

    @Test func `warnings fail where that is asked for`() throws {
        let arguments = ["--for", "0.3", "--only", "ordinary", "--only", "seals"]
        #expect(try check(arguments, faulty("unsealed")).status == 0)
        #expect(try check(arguments + ["--strict"], faulty("unsealed")).status == 1)
    }

    @Test func `the JUnit report is XML with a case for each judgement`() throws {
        let file = folder.path + "/report.xml"
        let arguments = ["--for", "0.3", "--only", "ordinary", "--junit", file]
        #expect(try check(arguments, faulty("no-damage")).status == 1)
        let reader = CaseReader()
        let parser = try #require(XMLParser(contentsOf: URL(filePath: file)))
        parser.delegate = reader
        #expect(parser.parse())
        #expect(reader.cases.count == 11)
        #expect(reader.failed == ["damage"])
    }

    private final class CaseReader: NSObject, XMLParserDelegate {
        var cases: [String] = []
        var failed: [String] = []

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            if name == "testcase" { cases.append(attributes["name"] ?? "") }
            if name == "failure", let last = cases.last { failed.append(last) }
        }
    }

    @Test(arguments: [
        (["/nowhere/client"], "'/nowhere/client' can't be started"),
        (["true"], "the client didn't connect"),
    ]) func `what can't be judged has the status 2`(_ client: [String], _ words: String) throws {
        let outcome = try check(["--for", "0.3"], client)
        #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test func `a compositor that runs already can be taken`() throws {
        let compositor = try folder.compositor()
        let arguments = ["--for", "0.4", "--only", "ordinary", "--against"]
        let outcome = try check(arguments + ["test"], faulty("no-damage"))
        #expect(outcome.status == 1 && outcome.output.contains("error: damage"), "\(outcome)")
        compositor.end()
        let other = try check(arguments + ["test"], faulty())
        #expect(other.status == 2 && other.errors.contains("no compositor takes connections"))
    }

    @Test func `a name that there isn't is answered with those that there are`() throws {
        let outcome = try check(["--only", "beauty"], faulty())
        #expect(outcome.status == 2 && outcome.errors.contains("'beauty' is no scene"))
        #expect(outcome.errors.contains("late-frames") && outcome.errors.contains("survival"))
    }

    @Test func `nothing is left behind`() throws {
        let before = leftovers()
        let running = try Running("signet", ["check", "--for", "20", "--"] + faulty(), in: folder)
        usleep(700_000)
        #expect(running.end(SIGINT).status == 2)
        #expect(leftovers().subtracting(before).isEmpty)
    }

    private func leftovers() -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        return Set(names.filter { $0.hasPrefix("signet-check-") })
    }
}
