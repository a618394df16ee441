import ArgumentParser
import ClientCheck
import Glibc

/// `signet check`: judges a client.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Runs a Wayland client and judges what it does.",
        discussion: """
            The client runs once for each scene, behind a proxy of a compositor of its own: undisturbed, with many \
            configures, with outputs that come and go, and so on. What is wrong is told with its rule, object, moment \
            and remedy. The exit status is 0 where there are no errors (with --strict: and no warnings), 1 where there \
            are, and 2 where the client can't be judged.
            """
    )

    @Option(
        name: .customLong("for"),
        help: .init("How long each scene takes; 3 by default.", valueName: "SECONDS")
    )
    var duration = 3.0

    @Flag(help: "Warnings fail too.")
    var strict = false

    @Option(
        help: .init(
            "A compositor that runs already takes the place of Signet's own, by its socket.",
            valueName: "SOCKET"
        )
    )
    var against: String?

    @Option(help: .init("Where the findings go as JSON; - is the standard output.", valueName: "FILE|-"))
    var json: String?

    @Option(help: .init("Where the findings go as JUnit's XML, for CI services.", valueName: "FILE|-"))
    var junit: String?

    @Option(help: .init("A scene or a judgement to look at; may be given again.", valueName: "NAME"))
    var only: [String] = []

    @Option(help: .init("A scene or a judgement to leave out; may be given again.", valueName: "NAME"))
    var skip: [String] = []

    @Flag(help: "Lists scenes and judgements.")
    var list = false

    @Argument(parsing: .postTerminator, help: "The client, with its arguments, after --.")
    var client: [String] = []

    func validate() throws {
        if !(0.2...3_600).contains(duration) {
            throw ValidationError("--for is a number of seconds from 0.2 to 3600, and not \(duration)")
        }
        if let json, json == junit { throw ValidationError("--json and --junit can't both go to \(json)") }
        if client.isEmpty, !list { throw ValidationError("name a client to judge after --, as 'signet check -- foot'") }
    }

    func run() throws {
        if list {
            let lines = CheckPlan.names.map { "\($0.isScene ? "scene    " : "judgement")  \($0.name): \($0.summary)\n" }
            try Console.print(lines.joined())
            return
        }
        guard let signet = HelperProcess.ownPath else {
            throw Failure("it isn't known where signet itself is; start it by its whole path", status: 2)
        }
        let result: CheckResult
        do throws(CheckFailure) {
            var plan = CheckPlan(client: client, signet: signet, duration: duration)
            plan.against = against
            // Each pool of a client's takes a descriptor.
            plan.openFiles = DescriptorLimit().original
            try plan.choose(only: only, skip: skip)
            result = try Check(plan).run { name in
                if isatty(STDERR_FILENO) == 1 { Console.standardError.write("scene \(name)\n") }
            }
        } catch {
            throw Failure(error.description, status: 2)
        }
        let failing = strict ? Severity.warning : .error
        if json != "-", junit != "-" { try print(result.text) }
        if let json { try write(result.json, to: json) }
        if let junit { try write(result.junit(failingFrom: failing), to: junit) }
        if result.findings.contains(where: { $0.severity >= failing }) { throw ExitCode(1) }
    }

    /// What can't be printed is no finding.
    private func print(_ text: String) throws {
        do { try Console.print(text) } catch let failure as Failure { throw Failure(failure.message, status: 2) }
    }

    private func write(_ text: String, to path: String) throws {
        if path == "-" { return try print(text) }
        guard let file = unsafe fopen(path, "we") else {
            throw Failure("\(path) can't be written: \(unsafe String(cString: strerror(errno)))", status: 2)
        }
        let isWritten = unsafe fputs(text, file) >= 0
        guard unsafe fclose(file) == 0, isWritten else {
            throw Failure("\(path) can't be written whole: \(unsafe String(cString: strerror(errno)))", status: 2)
        }
    }
}
