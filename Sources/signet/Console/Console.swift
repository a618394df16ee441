import Glibc
import SharedMemory
import WaylandServer

/// The standard streams of a running compositor: what is said there, and in which form.
enum Console {
    /// Bytes of a line, with its line break: as many as a pipe takes in one piece; pipe(7), PIPE_BUF.
    private static let lineLimit = 4_096

    /// The log, and what ends the command.
    static let standardError = BackgroundWriter(STDERR_FILENO) { count in
        line("signet: warning: \(count) lines of the log were dropped, as nobody read the standard error stream")
    }

    /// What scripts read: WAYLAND_DISPLAY.
    static let standardOutput = BackgroundWriter(STDOUT_FILENO)

    /// One line for people: without control characters, whatever its words come from, and of bounded length.
    static func line(_ text: String) -> String {
        let text = text.printable
        guard text.utf8.count >= lineLimit else { return text + "\n" }
        let end = text.utf8.index(text.startIndex, offsetBy: lineLimit - 4)
        return String(decoding: text.utf8[..<end], as: UTF8.self) + "...\n"
    }

    /// Says why the command ends.
    static func report(_ message: String) {
        standardError.write(line("signet: \(message)"))
    }

    /// Writes what a command is asked for: all of it, however slowly it is read.
    static func print(_ text: String) throws {
        do throws(SystemError) { try writeAll(text.utf8, to: STDOUT_FILENO) } catch {
            throw Failure("the result can't be written: \(error.errno)")
        }
    }

    /// Gives readers a last moment; a process whose streams nobody reads ends all the same.
    static func drain() {
        standardOutput.drain(milliseconds: 200)
        standardError.drain(milliseconds: 200)
    }
}
