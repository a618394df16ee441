internal import Glibc
public import WaylandClient

/// What sample clients have in common besides windows: their options, and how they speak.
public struct Sample {
    /// The client's name, with which its messages start.
    public let name: String
    /// After so many frames the client ends; 0 is never.
    public private(set) var frames = 0
    /// The window's width in pixels.
    public private(set) var width: Int
    /// The window's height in pixels.
    public private(set) var height: Int
    /// What stands on the command line besides options, where the sample takes that.
    public private(set) var argument: String?
    private var values: [String: String] = [:]

    /// Reads the command line, `[--frames N] [--size WxH]` and what else there is, and ends the process where it is
    /// something else.
    ///
    /// - Parameters:
    ///   - options: more options, each with the name of its value, as in `["--device": "PATH"]`; flags have an empty
    ///     one.
    ///   - argumentName: what may stand there besides options, as in `FILE`.
    public init(
        _ name: String,
        width: Int,
        height: Int,
        options: [String: String] = [:],
        argumentName: String? = nil
    ) {
        self.name = name
        self.width = width
        self.height = height
        var rest = CommandLine.arguments.dropFirst()
        while let option = rest.popFirst() {
            switch (option, options[option]) {
            case ("--frames", _):
                guard let number = rest.popFirst().flatMap({ Int($0) }), number >= 0 else {
                    fail("--frames takes a number")
                }
                frames = number
            case ("--size", _):
                let numbers = rest.popFirst()?.split(separator: "x").compactMap { Int($0) } ?? []
                guard numbers.count == 2, numbers.allSatisfy({ (1...8_192).contains($0) }) else {
                    fail("--size takes a size, as 300x200")
                }
                (self.width, self.height) = (numbers[0], numbers[1])
            case (_, ""?): values[option] = ""
            case (_, let valueName?):
                guard let value = rest.popFirst() else { fail("\(option) takes a \(valueName)") }
                values[option] = value
            case (_, nil) where argumentName != nil && argument == nil && !option.hasPrefix("-"): argument = option
            case (_, nil):
                let more = options.sorted { $0.key < $1.key }.map { $1.isEmpty ? ", \($0)" : ", \($0) \($1)" }.joined()
                fail("'\(option)' isn't an option; there are --frames N, --size WxH\(more)")
            }
        }
    }

    /// The value of one of the options that only this sample has; nil where it wasn't given.
    public subscript(option: String) -> String? { values[option] }

    /// Runs a window's client until it is closed, or as many frames are drawn as were asked for, and says once what it
    /// draws into.
    public func run(_ window: Window, on connection: Connection) throws {
        var isTold = false
        while !window.isClosed, frames == 0 || window.frameCount < frames {
            try connection.dispatch()
            if let failure = window.failure { throw failure }
            if !isTold, let origin = window.origin {
                isTold = true
                say("drawing into \(origin)")
            }
        }
    }

    /// Prints a line.
    public func say(_ message: String) {
        let line = "\(name): \(message)\n"
        _ = unsafe write(STDOUT_FILENO, line, line.utf8.count)
    }

    /// Ends the process with a message.
    public func fail(_ message: String) -> Never {
        let line = "\(name): \(message)\n"
        _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
        exit(1)
    }
}
