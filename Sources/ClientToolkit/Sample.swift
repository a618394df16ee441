internal import Glibc

/// What sample clients have in common besides windows: two options, and how they speak.
public struct Sample {
    /// The client's name, with which its messages start.
    public let name: String
    /// After so many frames the client ends; 0 is never.
    public private(set) var frames = 0
    /// The window's width in pixels.
    public private(set) var width: Int
    /// The window's height in pixels.
    public private(set) var height: Int

    /// Reads the command line, `[--frames N] [--size WxH]`, and ends the process where it is something else.
    public init(_ name: String, width: Int, height: Int) {
        self.name = name
        self.width = width
        self.height = height
        var rest = CommandLine.arguments.dropFirst()
        while let option = rest.popFirst() {
            let value = rest.popFirst()
            switch option {
            case "--frames":
                guard let number = value.flatMap({ Int($0) }), number >= 0 else { fail("--frames takes a number") }
                frames = number
            case "--size":
                let numbers = value?.split(separator: "x").compactMap { Int($0) } ?? []
                guard numbers.count == 2, numbers.allSatisfy({ (1...8_192).contains($0) }) else {
                    fail("--size takes a size, as 300x200")
                }
                (self.width, self.height) = (numbers[0], numbers[1])
            default: fail("'\(option)' isn't an option; there are --frames N and --size WxH")
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
