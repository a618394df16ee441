import ArgumentParser
import Glibc
import SharedMemory
import SignetDriver
import WaylandClient

/// How a command finds the compositor.
struct ServerOptions: ParsableArguments {
    @Option(help: "The compositor's socket; WAYLAND_DISPLAY by default.")
    var socket: String?

    /// Connects, within `timeout` seconds.
    func connect(timeout: Double) throws -> Connection {
        _ = try RuntimeFolder(create: false)
        // What goes wrong is said once, below.
        ClientLog.setHandler { _ in }
        do throws(Connection.Failure) {
            return try ServerConnection.open(socket, timeout: timeout)
        } catch {
            if error == .unreachable(errno: ETIMEDOUT) {
                throw Failure("the compositor hasn't accepted a connection for \(timeout) seconds; is it stopped?")
            }
            if error == .unreachable(errno: ENAMETOOLONG) {
                throw Failure("XDG_RUNTIME_DIR is too long for a socket; set it to a folder with a shorter path")
            }
            throw Failure("\(error); start 'signet run', and set WAYLAND_DISPLAY or --socket to what it prints")
        }
    }

    /// Runs `body` with a driver; what it says is a failure of the command. Status 1 is for what isn't there, and 3 for
    /// programs that don't answer.
    func drive(timeout: Double = 30, _ body: (Driver) throws -> Void) throws {
        let connection = try connect(timeout: timeout)
        do {
            let driver = try Driver(connection, patience: .seconds(timeout))
            try body(driver)
        } catch let error as DriverError {
            if case .noAnswer = error { throw Failure("\(error)", status: 3) }
            throw Failure("\(error)")
        }
    }
}

/// Whose coordinates or keys are meant.
struct WindowOption: ParsableArguments {
    @Option(
        name: .customLong("window"),
        help: .init(
            "The window that is meant, by a part of its title or app id, a regular expression, or its pid. It comes to "
                + "the front, and coordinates are its own.",
            valueName: "PATTERN"
        )
    )
    var pattern: String?

    /// The window, in front and with the keyboard; nil where none was named.
    func window(_ driver: Driver) throws(DriverError) -> DriverWindow? {
        guard let pattern else { return nil }
        let window = try driver.window(pattern)
        if !window.isActive { try driver.activate(window) }
        return window
    }
}

/// A place on the command line: `X,Y`.
struct PlaceArgument: ExpressibleByArgument {
    let x: Double
    let y: Double

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard numbers.count == 2, let x = numbers[0], let y = numbers[1], x.isReachable, y.isReachable else {
            return nil
        }
        (self.x, self.y) = (x, y)
    }

    func place(in window: DriverWindow?) -> DriverPlace { DriverPlace(x: x, y: y, in: window) }
}

extension PixelArea {
    /// A rectangle on the command line.
    init(argument text: String) throws {
        guard let area = PixelArea(text) else {
            throw ValidationError("'\(text)' is no rectangle; write it as 10,20,300,40: X, Y, width, height")
        }
        self = area
    }
}

extension Double {
    /// Whether wl_fixed_t reaches that far.
    var isReachable: Bool { isFinite && magnitude < 8_000_000 }
}

/// A button on the command line.
struct ButtonArgument: ExpressibleByArgument {
    let button: MouseButton

    init?(argument: String) {
        guard let button = MouseButton(argument) else { return nil }
        self.button = button
    }

    static let left = ButtonArgument(argument: "left")!

    var defaultValueDescription: String { "left" }
}
