import ArgumentParser
import SignetDriver

/// `signet wait`: waits for a window, for its end, or for a picture that stays as it is.
struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Waits for a window, for the end of one, or until the picture stays as it is.",
        discussion: """
            Of several, each is waited for after the other: a window, the end of one, a stable picture. With --window, \
            only that window's part of the picture has to be stable. A picture is stable when no pixel has changed for \
            so long, whatever programs draw, and nothing is on its way. Status 1 where it doesn't come within --timeout.
            """
    )

    @OptionGroup var server: ServerOptions

    @Option(help: .init("A window, by a part of its title or app id, or by its pid.", valueName: "PATTERN"))
    var window: String?

    @Option(help: .init("A window that is to be there no more.", valueName: "PATTERN"))
    var gone: String?

    @Option(help: .init("How many milliseconds the picture is to stay as it is.", valueName: "MS"))
    var stable: Int?

    @Option(
        help: .init("A rectangle of the picture that may change, in pixels. May be given again.", valueName: "X,Y,W,H"),
        transform: PixelArea.init(argument:)
    )
    var ignore: [PixelArea] = []

    @Option(help: "The output whose picture is meant; all of them by default.")
    var output: String?

    @Option(help: "How many seconds to wait for all of it.")
    var timeout = 30.0

    func validate() throws {
        guard window != nil || gone != nil || stable != nil else {
            throw ValidationError("say what to wait for: --window, --gone or --stable")
        }
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout is a number of seconds, up to a day, and not \(timeout)")
        }
        if let stable, !(1...3_600_000).contains(stable) {
            throw ValidationError("--stable is a number of milliseconds, up to an hour, and not \(stable)")
        }
        if window != nil, output != nil {
            throw ValidationError("--window says which output is meant; leave out --output")
        }
        guard ignore.isEmpty && output == nil || stable != nil else {
            throw ValidationError("--ignore and --output are for --stable")
        }
    }

    func run() throws {
        let end = ContinuousClock.now + .seconds(timeout)
        func rest() -> Duration { max(.zero, end - ContinuousClock.now) }
        try server.drive(timeout: timeout) { driver in
            let found = try window.map { try driver.waitForWindow($0, for: rest()) }
            if let gone { try driver.waitUntilGone(gone, for: rest()) }
            if let stable {
                try driver.waitUntilStable(
                    for: .milliseconds(stable),
                    outputNamed: output,
                    window: found,
                    ignoring: ignore,
                    within: rest()
                )
            }
        }
    }
}
