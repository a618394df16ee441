import Conformance
import Foundation
import FoundationXML
import Glibc
import TestSupport
import Testing

/// The command that tries compositors: with Signet, with some that die or hang, and with none.
@Suite(.serialized) struct ConformanceTests {
    let folder = RuntimeDirectory()

    private struct Results: Decodable {
        struct One: Decodable {
            let group, name, rule, outcome, detail: String
        }

        let server: String
        let restarts: Int
        let cases: [One]

        func count(_ outcome: Outcome) -> Int { cases.count { $0.outcome == outcome.rawValue } }
    }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        // What Signet is built with reaches the case's process as well.
        try Program.run("signet", ["conformance"] + arguments, in: folder)
    }

    private func results(_ outcome: Program.Outcome) throws -> Results {
        try JSONDecoder().decode(Results.self, from: Data(outcome.output.utf8))
    }

    /// A compositor that is Signet, with a client that does something to it.
    private func compositor(_ script: String) -> [String] {
        ["--", Program.path(of: "signet"), "run", "--output", "320x240", "--", "/bin/sh", "-c", script]
    }

    private var leftOver: [String] { fileNames("/tmp").filter { $0.hasPrefix("signet-conformance-") } }

    private func fileNames(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    @Test func `cases pass, and reports say so`() throws {
        let before = leftOver
        let file = folder.path + "/junit.xml"
        let outcome = try run(
            ["--filter", "seals/", "--filter", "bounds/width-*", "--json", "-", "--junit", file]
                + compositor("exec sleep 100")
        )
        #expect(outcome.status == 0, "\(outcome)")
        let results = try results(outcome)
        #expect(results.cases.count == 12 && results.restarts == 0)
        #expect(results.count(.passed) + results.count(.allowed) == 12, "\(outcome)")
        #expect(outcome.errors.contains("12 cases: ") && outcome.errors.contains("KiB resident"))
        let counter = try JUnitCounter(contentsOf: file)
        #expect(
            counter.count == ["testsuites": 1, "testsuite": 2, "testcase": 12, "system-out": results.count(.allowed)]
        )
        #expect(leftOver == before)
    }

    @Test func `a running compositor can be tried`() throws {
        let compositor = try folder.compositor()
        let outcome = try run(["--socket", "test", "--filter", "wire/opcode", "--json", "-"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try results(outcome).count(.passed) == 3)
        #expect(compositor.end().status == 0)
    }

    @Test func `one that dies is started again`() throws {
        // The server ends as its client does, when the first case has been judged or is being tried.
        let outcome = try run(["--filter", "deaths/", "--json", "-"] + compositor("exec sleep 1"))
        let results = try results(outcome)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(results.count(.died) >= 1 && results.restarts >= 1, "\(outcome)")
        #expect(results.count(.notRun) == 0)
        #expect(outcome.errors.contains("the server's process ended with status 0"))
    }

    @Test func `one that hangs is started again`() throws {
        let hangs = compositor("kill -STOP $PPID; exec sleep 100")
        let outcome = try run(
            ["--filter", "pools/size-o*", "--filter", "pools/buffer", "--patience", "0.3", "--json", "-"] + hangs
        )
        let results = try results(outcome)
        #expect(outcome.status == 1)
        #expect(
            results.count(.stalled) == results.cases.count && results.restarts == results.cases.count - 1,
            "\(outcome)"
        )
    }

    @Test func `one behind a socket that is gone can't be`() throws {
        let compositor = try folder.compositor(["--", "/bin/sh", "-c", "sleep 0.4"])
        // Far more than there is time for.
        let filters = ["deaths/", "pools/", "seals/", "bounds/", "roles/"].flatMap { ["--filter", $0] }
        let outcome = try run(["--socket", "test", "--json", "-"] + filters)
        let results = try results(outcome)
        #expect(outcome.status == 1)
        #expect(results.count(.died) == 1 && results.count(.notRun) > 0, "\(outcome)")
        _ = compositor.finish()
    }

    @Test func `one that takes no connections isn't waited for`() throws {
        let full = try FullSocket(in: folder)
        let outcome = try run(["--socket", full.path, "--patience", "0.3"])
        #expect(outcome.status == 2 && outcome.errors.contains("is the compositor running?"), "\(outcome)")
        let check = try Program.run("signet", ["check", "--against", full.path, "--", "true"], in: folder)
        #expect(check.status == 2 && check.errors.contains("no compositor takes connections"), "\(check)")
    }

    @Test func `an interrupted run ends what it started`() throws {
        let before = leftOver
        let run = try Running("signet", ["conformance"] + compositor("exec sleep 100"), in: folder)
        #expect(run.hears("pools"))
        let outcome = run.end(SIGTERM)
        #expect(outcome.status == 128 + SIGTERM && outcome.output.contains(" not run"))
        #expect(leftOver == before)
    }

    @Test func `the cases are listed with their rules`() throws {
        let outcome = try run(["--list", "--filter", "pools/size-zero"])
        #expect(outcome.status == 0)
        #expect(
            outcome.output == "pools/size-zero\twl_shm.create_pool: a pool of 0 bytes; invalid_fd or invalid_stride\n"
        )
        let names = Suite.groups.flatMap { group in group.cases.map { "\(group.name)/\($0.name)" } }
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: [
        (["--filter", "nothing-like-that"], "no case's name matches nothing-like-that"),
        (["--socket", "a", "--", "b"], "not both"),
        (["--socket", "missing"], "is the compositor running?"),
        (["--", "/nowhere/at-all"], "didn't start"),
        (["--", "false"], "didn't start: the server's process ended with status 1"),
        ([], "give one after --, or its socket with --socket"),
    ])
    func `what can't be tried is told in one line`(arguments: [String], message: String) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome)")
        #expect(outcome.errors.count { $0 == "\n" } == 1)
    }

    @Test func `any text can stand in reports`() throws {
        var report = Report()
        let text = "a \"quoted\" <tag> & \\ \u{1b}[2J\u{0}\n\t\u{ffff} Ünïcode \u{1F600}"
        report.server = text
        for outcome in Outcome.allCases {
            let one = Case("name", text) { _ in .passed() }
            report.records.append(CaseRecord(group: text, one, outcome, text, milliseconds: 1_234))
        }
        let results = try JSONDecoder().decode(Results.self, from: Data(report.json.utf8))
        #expect(results.server == text && results.cases.allSatisfy { $0.detail == text && $0.rule == text })
        let file = folder.path + "/junit.xml"
        try report.junit.write(toFile: file, atomically: false, encoding: .utf8)
        let counter = try JUnitCounter(contentsOf: file)
        #expect(counter.count["failure"] == 1 && counter.count["error"] == 2 && counter.count["skipped"] == 2)
    }

    /// Counts the elements of a well-formed file.
    private final class JUnitCounter: NSObject, XMLParserDelegate {
        private(set) var count: [String: Int] = [:]

        init(contentsOf path: String) throws {
            super.init()
            let parser = XMLParser(data: try Data(contentsOf: URL(filePath: path)))
            parser.delegate = self
            if !parser.parse() { throw parser.parserError! }
        }

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) { count[name, default: 0] += 1 }
    }
}

/// A listening socket whose queue is full.
private final class FullSocket {
    let path: String
    private var numbers: [CInt] = []

    init(in folder: RuntimeDirectory) throws {
        path = folder.path + "/full"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        func call(isFirst: Bool) -> Bool {
            let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            let number = socket(AF_UNIX, CInt(kind), 0)
            numbers.append(number)
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    if isFirst { return unsafe bind(number, $0, length) == 0 && listen(number, 0) == 0 }
                    return unsafe connect(number, $0, length) == 0
                }
            }
        }
        #expect(call(isFirst: true))
        while call(isFirst: false) {}
    }

    deinit { for number in numbers { close(number) } }
}
