import Glibc
import SharedMemory

/// The controlling terminal, which is lent to the client's process group while that runs; tcsetpgrp(3).
///
/// A terminal's keys send their signals to its foreground group alone, and stop others that read from it. So the client
/// hears a ^C once, from the terminal, and can read as if it had been started without Signet.
final class Terminal {
    /// The terminal, open.
    let descriptor: Descriptor
    private let ownGroup = getpgrp()
    private var modes = termios()
    private var hasModes = false
    /// Whether the client's group has it.
    private(set) var isLent = false

    /// The controlling terminal; nil where there is none.
    init?() {
        guard let descriptor = Self.open() else { return nil }
        self.descriptor = descriptor
    }

    private static func open() -> Descriptor? {
        let number = unsafe Glibc.open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        if number >= 0 { return Descriptor(owning: number) }
        // A container may have no such file. Only for the controlling terminal there is an answer.
        for number in STDIN_FILENO...STDERR_FILENO where tcgetpgrp(number) >= 0 {
            let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
            if copy >= 0 { return Descriptor(owning: copy) }
        }
        return nil
    }

    /// Whether Signet's own group is in the foreground.
    var isOurs: Bool { tcgetpgrp(descriptor.rawValue) == ownGroup }

    /// The process of Signet's own group that has lent the terminal to a child's group, as another Signet in the same
    /// pipeline; nil where there is none, or /proc isn't there. proc_pid_stat(5).
    var lender: pid_t? {
        // A group has the number of the process that began it.
        let holder = tcgetpgrp(descriptor.rawValue)
        guard holder > 0, let line = readLine(of: "/proc/\(holder)/stat"), let end = line.lastIndex(of: ")") else {
            return nil
        }
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count > 1, let parent = pid_t(fields[1]), parent != getpid(), getpgid(parent) == ownGroup else {
            return nil
        }
        return parent
    }

    /// Notes that the client's group has it: it takes it itself, before it runs.
    func noteLent() {
        if !hasModes { hasModes = unsafe tcgetattr(descriptor.rawValue, &modes) == 0 }
        isLent = true
    }

    /// Gives it to a group.
    func lend(to group: pid_t) {
        if tcsetpgrp(descriptor.rawValue, group) == 0 { noteLent() }
    }

    /// Takes it back for Signet's group, unless a group other than `group` has it by now, as the shell's has when it
    /// took it itself; false then. SIGTTOU is blocked, so that this works from the background.
    @discardableResult
    func takeBack(from group: pid_t?) -> Bool {
        guard isLent else { return false }
        isLent = false
        let holder = tcgetpgrp(descriptor.rawValue)
        let isGone = holder > 0 && kill(-holder, 0) != 0 && errno == ESRCH
        guard holder == group || isGone else { return false }
        return tcsetpgrp(descriptor.rawValue, ownGroup) == 0
    }

    /// Puts it into the mode in which it was lent: who was killed couldn't do so.
    func restoreModes() {
        if hasModes { unsafe tcsetattr(descriptor.rawValue, TCSANOW, &modes) }
    }
}
