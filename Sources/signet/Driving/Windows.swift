import ArgumentParser
import Reports
import SignetDriver
import WaylandServer

/// `signet windows`: what windows there are.
struct Windows: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the windows, the one in front last.",
        discussion: "A line for each: process, place and size without the title bar, states, app id, title."
    )

    @OptionGroup var server: ServerOptions

    @Flag(help: "As an array of objects.")
    var json = false

    func run() throws {
        try server.drive { driver in
            let windows = driver.windows
            let text = json ? Self.json(windows) : windows.map(Self.line).joined()
            try Console.print(text)
        }
    }

    private static func line(_ window: DriverWindow) -> String {
        let frame = window.frame
        let states = window.states.isEmpty ? "-" : window.states.joined(separator: ",")
        let application = window.application.isEmpty ? "-" : window.application.printable
        return "\(window.process)\t\(frame.x),\(frame.y)\t\(frame.width)x\(frame.height)\t\(states)\t\(application)\t"
            + "\(window.title.printable)\n"
    }

    private static func json(_ windows: [DriverWindow]) -> String {
        let objects = windows.map { window in
            let frame = window.frame
            let states = window.states.map { "\"\($0)\"" }.joined(separator: ",")
            return """
                  {"title": \(JSON.text(window.title)), "app_id": \(JSON.text(window.application)), \
                "pid": \(window.process), \
                "x": \(frame.x), "y": \(frame.y), "width": \(frame.width), "height": \(frame.height), \
                "states": [\(states)]}
                """
        }
        return objects.isEmpty ? "[]\n" : "[\n\(objects.joined(separator: ",\n"))\n]\n"
    }
}

/// Which window a command is about.
struct WindowArgument: ParsableArguments {
    @Argument(
        help: .init("A part of its title or app id, a regular expression, or its pid.", valueName: "PATTERN")
    )
    var pattern: String
}

/// `signet activate`: brings a window to the front.
struct Activate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings a window to the front, and gives it the keyboard."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowArgument

    func run() throws { try server.drive { try $0.activate($0.window(target.pattern)) } }
}

/// `signet close`: asks for a window to be closed.
struct CloseWindow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Asks a program to close a window, as its title bar's button does.",
        discussion: """
            The program may ask back; 'signet wait --gone' waits until the window isn't there any more. One that \
            hasn't answered for five seconds is disconnected instead.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowArgument

    func run() throws { try server.drive { try $0.close($0.window(target.pattern)) } }
}

/// `signet resize`: asks for another size of a window.
struct ResizeWindow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize",
        abstract: "Asks a program for another size of a window."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowArgument

    @Argument(help: "In units of the scene, without the title bar.")
    var width: Int

    @Argument(help: "In units of the scene, without the title bar.")
    var height: Int

    func run() throws {
        try server.drive { try $0.resize($0.window(target.pattern), width: width, height: height) }
    }
}

/// `signet move`: puts a window elsewhere.
struct MoveWindow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Puts a window's top left corner, below its title bar, at a place."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var target: WindowArgument

    @Argument(help: "From the left, in units of the scene.")
    var x: Int

    @Argument(help: "From the top.")
    var y: Int

    func run() throws { try server.drive { try $0.move($0.window(target.pattern), x: x, y: y) } }
}
