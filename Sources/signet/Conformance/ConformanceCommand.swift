import ArgumentParser
import Conformance
import Glibc

/// `signet conformance`: what a compositor, this one or another, makes of clients that send it all there is.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Tries a Wayland compositor's handling of shared buffers, and of clients that break rules.",
        discussion: """
            Each case is a client in a process of its own. After each, a well-behaved client must get its window \
            shown. A compositor given after -- is started in a runtime folder of its own, and started anew where it \
            dies or hangs; one behind a socket can't be. Ends with 0 where all cases passed, with 1 where not, and \
            with 2 where there is no compositor to be tried.
            """
    )

    @Option(help: .init("The socket of a running compositor; WAYLAND_DISPLAY by default.", valueName: "NAME"))
    var socket: String?

    @Option(
        help: .init(
            "Runs only the cases whose GROUP/NAME has this in it, or matches it with * and ?.",
            valueName: "PATTERN"
        )
    )
    var filter: [String] = []

    @Flag(help: "Lists the cases with their rules, and runs none.")
    var list = false

    @Option(help: .init("Writes the results as JSON; - is the standard output.", valueName: "FILE"))
    var json: String?

    @Option(help: .init("Writes the results as JUnit's XML.", valueName: "FILE"))
    var junit: String?

    @Option(help: .init("How long an answer may take before the compositor counts as stalled.", valueName: "SECONDS"))
    var patience = 4.0

    @Argument(parsing: .postTerminator, help: "The compositor to start, with its arguments, after --.")
    var compositor: [String] = []

    func validate() throws {
        guard (0.1...600).contains(patience) else {
            throw ValidationError("--patience is a number of seconds from 0.1 to 600, and not \(patience)")
        }
        if let json, json == junit { throw ValidationError("--json and --junit can't both go to \(json)") }
    }

    func run() throws {
        do { try runAll() } catch let failure as Failure {
            throw Failure(failure.message, status: 2)
        }
    }

    private func runAll() throws {
        let selected = selection
        guard !selected.isEmpty else {
            throw Failure("no case's name matches \(filter.joined(separator: ", ")); see 'signet conformance --list'")
        }
        if list {
            return try Console.print(
                selected.map { "\($0.group)/\($0.one.name)\t\($0.one.rule)\n" }.joined()
            )
        }
        guard compositor.isEmpty || socket == nil else {
            throw Failure("give either --socket or a compositor after --, and not both")
        }
        signal(SIGPIPE, SIG_IGN)
        let server: any TestedServer
        if compositor.isEmpty {
            server = try RunningServer(name: socket)
        } else {
            server = try StartedServer(compositor)
        }
        let isOnStandardOutput = json == "-"
        let report = try ConformanceRun(server, patience: Int(patience * 1_000)).run(selected) { line in
            try writeLine(line, isOnStandardOutput ? STDERR_FILENO : STDOUT_FILENO)
        }
        if let json { try write(report.json, to: json) }
        if let junit { try write(report.junit, to: junit) }
        if report.hasFailures { throw ExitCode(1) }
    }

    private var selection: [(group: String, one: Case)] {
        let all = Suite.groups.flatMap { group in group.cases.map { (group.name, $0) } }
        return all.filter { group, one in
            filter.isEmpty || filter.contains { Self.matches("\(group)/\(one.name)", $0) }
        }
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        guard pattern.contains(where: { "*?[".contains($0) }) else { return name.contains(pattern) }
        return unsafe fnmatch(pattern, name, 0) == 0
    }

    private func writeLine(_ line: String, _ number: CInt) throws {
        try writeText(Console.line(line), to: number, "the results")
    }

    private func write(_ text: String, to path: String) throws {
        if path == "-" { return try writeText(text, to: STDOUT_FILENO, "the results") }
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard number >= 0 else { throw Failure("\(path) can't be written: \(unsafe String(cString: strerror(errno)))") }
        defer { close(number) }
        try writeText(text, to: number, path)
    }
}

/// One case, in the process that `signet conformance` starts for it.
struct ConformanceCase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance-case",
        abstract: "Runs one case of 'signet conformance', which starts it.",
        shouldDisplay: false
    )

    @Option var reportFd: CInt
    @Option var patience: Int
    @Argument var path: String
    @Argument var name: String

    func run() throws {
        guard let one = Suite.find(name) else { throw Failure("there is no case '\(name)'") }
        guard fcntl(reportFd, F_GETFD) >= 0 else { throw Failure("descriptor \(reportFd) isn't open") }
        _ = fcntl(reportFd, F_SETFD, FD_CLOEXEC)
        signal(SIGPIPE, SIG_IGN)
        let result: CaseResult
        do {
            switch try one.body(Trial(path: path, patience: patience)) {
            case .passed(let text): result = CaseResult(outcome: .passed, detail: text)
            case .allowed(let text): result = CaseResult(outcome: .allowed, detail: text)
            }
        } catch let skipped as Skipped {
            result = CaseResult(outcome: .skipped, detail: skipped.description)
        } catch {
            result = CaseResult(outcome: .failed, detail: "\(error)")
        }
        try writeText(result.text, to: reportFd, "the result")
    }
}
