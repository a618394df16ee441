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

    @Option(help: "Seconds in which the compositor has to answer.")
    var timeout = 30.0

    @Argument(help: "Where to write the picture; - is the standard output.")
    var file: String

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout is a number of seconds, up to a day, and not \(timeout)")
        }
    }

    func run() throws {
        // A picture that is larger than files may be is an error of write(2).
        signal(SIGXFSZ, SIG_IGN)
        _ = try RuntimeFolder(create: false)
        let connection: Connection
        // What goes wrong is said once, below.
        ClientLog.setHandler { _ in }
        do throws(Connection.Failure) {
            connection = try ServerConnection.open(socket, timeout: timeout)
        } catch {
            if error == .unreachable(errno: ETIMEDOUT) {
                throw Failure("the compositor hasn't accepted a connection for \(timeout) seconds; is it stopped?")
            }
            if error == .unreachable(errno: ENAMETOOLONG) {
                throw Failure("XDG_RUNTIME_DIR is too long for a socket; set it to a folder with a shorter path")
            }
            throw Failure("\(error); start 'signet run', and set WAYLAND_DISPLAY or --socket to what it prints")
        }
        do {
            let picture = try FrameGrabber(connection, timeout: timeout).grab(outputNamed: output)
            try PNGFile.write(picture.rgb, width: picture.width, height: picture.height, to: file)
        } catch let failure as Connection.Failure {
            throw Failure("the compositor has gone away: \(failure)")
        }
    }
}
