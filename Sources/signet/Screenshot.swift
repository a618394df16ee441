import ArgumentParser
import Glibc
import SharedMemory
import WaylandClient

/// `signet screenshot`: an output's newest frame as a PNG file, by way of sealed-frame-v1.
struct Screenshot: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes what an output shows to a PNG file.")

    @Option(help: "The compositor's socket; WAYLAND_DISPLAY by default.")
    var socket: String?

    @Option(help: "The output's name, as HEADLESS-2; the first one by default.")
    var output: String?

    @Argument(help: "Where to write the picture; - is the standard output.")
    var file: String

    func run() throws {
        // A picture that is larger than files may be is an error of write(2).
        signal(SIGXFSZ, SIG_IGN)
        _ = try RuntimeFolder(create: false)
        let connection: Connection
        do throws(Connection.Failure) {
            connection = try Connection(to: socket)
        } catch {
            throw Failure("\(error); start 'signet run', and set WAYLAND_DISPLAY or --socket to what it prints")
        }
        do {
            let picture = try FrameGrabber(connection).grab(outputNamed: output)
            try PNGFile.write(picture.rgb, width: picture.width, height: picture.height, to: file)
        } catch let failure as Connection.Failure {
            throw Failure("the compositor has gone away: \(failure)")
        }
    }
}
