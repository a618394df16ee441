import ArgumentParser
import CProcess
import Glibc

/// `signet`: the compositor and the tools that talk to one.
struct Signet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signet",
        abstract: "A headless Wayland compositor that never maps memory its owner can take away.",
        version: "0.1.0",
        subcommands: [
            Run.self, Screenshot.self, Record.self, Stream.self, Compare.self, Inspect.self, Doctor.self,
            CheckCommand.self, ConformanceCommand.self, ConformanceCase.self, WriteY4M.self, EncodeOnDevice.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "Input",
                subcommands: [
                    TypeText.self, Key.self, KeyDown.self, KeyUp.self, Click.self, MouseMove.self, MouseDown.self,
                    MouseUp.self, DragCommand.self, ScrollCommand.self, TouchCommand.self,
                ]
            ),
            CommandGroup(
                name: "Windows and outputs",
                subcommands: [
                    Windows.self, Activate.self, CloseWindow.self, ResizeWindow.self, MoveWindow.self,
                    ChangeOutput.self, Wait.self,
                ]
            ),
        ],
        defaultSubcommand: Run.self
    )
}

@main
enum Main {
    /// Whatever goes wrong ends in one line that says what to do, and in an exit status.
    static func main() {
        StandardStreams.open()
        do {
            var command = try Signet.parseAsRoot(arguments)
            try command.run()
            end(0)
        } catch let failure as Failure {
            Console.report(failure.message)
            end(failure.status)
        } catch let status as ExitCode {
            end(status.rawValue)
        } catch {
            // Help and the version come as errors too.
            if Signet.exitCode(for: error) == .success { Signet.exit(withError: error) }
            Console.report("\(Signet.message(for: error)) (see 'signet --help')")
            end(EX_USAGE)
        }
    }

    /// The command line without the command's name. Swift's own reads /proc, which may not be there.
    private static var arguments: [String] {
        guard let all = unsafe signet_arguments() else { return [] }
        let count = Int(signet_argument_count())
        return (1..<max(1, count)).map { unsafe String(cString: all[$0]!) }
    }

    private static func end(_ status: CInt) -> Never {
        Console.drain()
        exit(status)
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
