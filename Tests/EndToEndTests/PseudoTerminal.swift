import CLinux
import Foundation
import Glibc
import Testing

/// A terminal of the test's own, with an interactive shell that has it for its controlling terminal; pty(7).
final class PseudoTerminal {
    private let main: CInt
    private let shell = Process()
    /// What was shown and not looked at yet.
    private var text = ""

    /// Starts bash without start files, in a session of its own, where `signet` is the program under test.
    init(in folder: RuntimeDirectory) throws {
        main = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(main >= 0 && grantpt(main) == 0 && unlockpt(main) == 0)
        let path = unsafe String(cString: ptsname(main))
        let line = FileHandle(forUpdatingAtPath: path)
        shell.executableURL = URL(filePath: "/usr/bin/setsid")
        shell.arguments = ["--ctty", "--wait", "/bin/bash", "--norc", "--noprofile", "--noediting", "-i"]
        shell.environment = [
            "PATH": Program.folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "PS1": "$ ",
            "XDG_RUNTIME_DIR": folder.path, "SWIFT_BACKTRACE": "enable=no", "TERM": "dumb",
        ]
        shell.standardInput = line
        shell.standardOutput = line
        shell.standardError = line
        var (none, mask) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &mask)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try shell.run()
        try line?.close()
        expect("$ ")
        // What is typed isn't shown, so that words are found where they are printed.
        type("stty -echo\n")
        expect("$ ")
    }

    deinit {
        // Its programs hear of the hang-up.
        close(main)
        shell.waitUntilExit()
    }

    /// Types text; "\u{3}" is ^C, "\u{1a}" is ^Z.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = unsafe write(main, bytes, bytes.count)
    }

    /// Waits until `words` are shown, ten seconds at most. What is shown up to them is returned and isn't found again.
    @discardableResult
    func expect(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) -> String {
        for _ in 0..<200 {
            if let range = text.range(of: words) {
                defer { text = String(text[range.upperBound...]) }
                return String(text[..<range.lowerBound])
            }
            var poller = pollfd(fd: main, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&poller, 1, 50) > 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = unsafe read(main, &bytes, bytes.count)
            if count <= 0 { break }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
        Issue.record("'\(words)' isn't shown, but '\(text)'", sourceLocation: sourceLocation)
        return text
    }
}
