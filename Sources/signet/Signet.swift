import ArgumentParser
import Glibc

/// `signet`: the compositor and the tools that talk to one.
struct Signet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signet",
        abstract: "A headless Wayland compositor that never maps memory its owner can take away.",
        version: "0.1.0",
        subcommands: [Run.self, Screenshot.self, Doctor.self],
        defaultSubcommand: Run.self
    )
}

@main
enum Main {
    /// Whatever goes wrong ends in one line that says what to do, and in an exit status.
    static func main() {
        do {
            var command = try Signet.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            report(failure.message)
            exit(failure.status)
        } catch let status as ExitCode {
            exit(status.rawValue)
        } catch {
            // Help and the version come as errors too.
            if Signet.exitCode(for: error) == .success { Signet.exit(withError: error) }
            report("\(Signet.message(for: error)) (see 'signet --help')")
            exit(EX_USAGE)
        }
    }

    static func report(_ message: String) {
        let line = "signet: " + message + "\n"
        _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    }
}

/// Why a command can't do its work: one line, and the exit status.
struct Failure: Error {
    let message: String
    let status: CInt

    init(_ message: String, status: CInt = 1) {
        self.message = message
        self.status = status
    }
}
