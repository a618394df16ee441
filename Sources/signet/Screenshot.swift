import ArgumentParser
import Glibc
import SharedMemory
import SignetDriver

/// `signet screenshot`: an output's newest frame as a PNG file, by way of sealed-frame-v1.
struct Screenshot: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes what an output shows to a PNG file.")

    @OptionGroup var server: ServerOptions

    @Option(help: "The output's name, as HEADLESS-2; the first one by default.")
    var output: String?

    @Option(
        help: .init(
            "Only a window, by a part of its title or app id, or its pid. It comes to the front first.",
            valueName: "PATTERN"
        )
    )
    var window: String?

    @Option(help: "Seconds in which the compositor has to answer.")
    var timeout = 30.0

    @Argument(help: "Where to write the picture; - is the standard output.")
    var file: String

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout is a number of seconds, up to a day, and not \(timeout)")
        }
        if window != nil, output != nil {
            throw ValidationError("--window says which output is meant; leave out --output")
        }
    }

    func run() throws {
        // A picture that is larger than files may be is an error of write(2).
        signal(SIGXFSZ, SIG_IGN)
        try server.drive(timeout: timeout) { driver in
            let picture: Picture
            if let window {
                let found = try driver.window(window)
                if !found.isActive { try driver.activate(found) }
                picture = try driver.picture(of: found)
            } else {
                picture = try driver.picture(of: output)
            }
            try PNGFile.write(picture, to: file)
        }
    }
}
