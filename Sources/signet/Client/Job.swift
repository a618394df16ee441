import Glibc

/// The client that `signet run -- CLIENT` runs, treated as a shell treats a job: it has the terminal, is stopped and
/// continued together with Signet, and gets the signals that are meant for it.
///
/// - Where Signet leads its terminal's foreground group, as when a shell started it, the client's group gets the
///   terminal from the start. Where it is a part of somebody's group, as of a script's or of make's, ^C is to reach all
///   of that, so that the terminal stays there until the client wants to read from it.
/// - The shell that started Signet knows nothing of the client's group. So when the client is stopped, as by ^Z, Signet
///   takes the terminal back and stops its own group, which the shell sees; and when the shell continues that, with fg
///   or bg, Signet goes the other way.
final class Job {
    /// How Signet is to end.
    enum Ending {
        case exit(status: CInt)
        /// A key killed the client: Signet dies of the same signal, so that shells and make stop what they run. Its
        /// group hears of the key too, where the client's alone has.
        case killed(signal: CInt, wholeGroup: Bool)

        /// Whether the client ended otherwise than by the exit status 0.
        var isFailure: Bool { if case .exit(status: 0) = self { false } else { true } }
    }

    private let child: ChildProcess
    private let signals: SignalQueue
    private let terminal: Terminal?
    /// Whether the client's group gets the terminal whenever Signet's has it.
    private let lendsUnasked = getpgrp() == getpid()
    /// Whether the client is stopped, and waits for Signet to be continued.
    private var isStopped = false
    /// Whether it is to have the terminal then: it had it, or was stopped for using it.
    private var wantsTerminal = false
    /// Whether Signet was stopped by the signal that stops the client too, so that the shell knows.
    private var wasStoppedAlongside = false
    /// The last signal that a key sent to Signet's own group.
    private var keySignal: CInt?

    /// Starts the last `count` arguments of the command line.
    init(lastArguments count: Int, signals: SignalQueue, limit: DescriptorLimit) throws {
        terminal = Terminal()
        let lends = lendsUnasked && terminal?.isOurs ?? false
        if lends { terminal?.noteLent() }
        do {
            child = try ChildProcess(
                lastArguments: count,
                signals: signals,
                limit: limit,
                terminal: lends ? terminal : nil
            )
        } catch {
            // The group that has it never ran.
            terminal?.takeBack(from: nil)
            throw error
        }
        self.signals = signals
    }

    var process: pid_t { child.process }

    /// Sends a signal to the client's process group.
    func send(_ signal: CInt) { child.send(signal) }

    /// Whether the client or another process of its group is there.
    var hasProcesses: Bool { child.groupHasProcesses }

    /// Kills all of the client's group.
    func killGroup() { child.killGroup() }

    /// Deals with a signal that Signet got, from a key of the terminal or from another process.
    func handle(_ signal: SignalQueue.Signal) {
        switch signal.number {
        case SIGCONT:
            // Ours is for others in the group.
            if signal.sender != getpid() { proceed() }
        case SIGTTIN, SIGTTOU: groupWantsTerminal(signal.number)
        case SIGTSTP:
            child.send(signal.number)
            wasStoppedAlongside = signals.stop(signal.number)
        default:
            if signal.isFromKernel { keySignal = signal.number }
            child.send(signal.number)
        }
    }

    /// The client was stopped: by a key, since it reads from the background, or by itself.
    func didStop(by signal: CInt) {
        guard let terminal else { return }
        let usesTerminal = signal == SIGTTIN || signal == SIGTTOU
        // Without the terminal, SIGSTOP is the doing of a debugger or a test; other clients go on.
        guard signal == SIGTSTP || usesTerminal || signal == SIGSTOP && terminal.isLent else { return }
        isStopped = true
        wantsTerminal = usesTerminal || terminal.isLent
        if wasStoppedAlongside {
            wasStoppedAlongside = false
            return
        }
        if usesTerminal, terminal.isOurs { return proceed() }
        if usesTerminal, let lender = terminal.lender {
            // It takes the terminal back, and continues the group. Stopping that would look to the shell like ^Z.
            kill(lender, signal)
            return
        }
        terminal.takeBack(from: child.process)
        // When the shell continues the group, that is a signal too.
        if signals.stop(usesTerminal ? signal : SIGTSTP, wholeGroup: true) { return }
        // Nobody was stopped, since no shell could continue us. ^Z has no effect then; and who waits for a terminal
        // that it can't have hears what the kernel tells such a group.
        if usesTerminal { child.send(SIGHUP) }
        if signal != SIGSTOP { proceed() }
    }

    /// The client has ended: with a status, and killed by `signal` if there was one.
    func didEnd(status: CInt, signal: CInt?) -> Ending {
        let wasLent = terminal?.isLent ?? false
        if wasLent, terminal?.takeBack(from: child.process) == true {
            if signal != nil { terminal?.restoreModes() }
            // Those that were stopped for reading meanwhile.
            kill(0, SIGCONT)
        }
        let isFromKey = (signal == SIGINT || signal == SIGQUIT) && (wasLent || signal == keySignal)
        return isFromKey ? .killed(signal: signal!, wholeGroup: wasLent) : .exit(status: status)
    }

    /// Signet was continued, or goes on.
    private func proceed() {
        if let terminal, terminal.isOurs, lendsUnasked || isStopped && wantsTerminal {
            terminal.lend(to: child.process)
        }
        isStopped = false
        // A client that ignored the signal isn't to have its next stop taken for that one.
        wasStoppedAlongside = false
        child.send(SIGCONT)
    }

    /// Something in Signet's own group uses the terminal from the background, as the pager of `signet run -- CLIENT |
    /// less`.
    private func groupWantsTerminal(_ signal: CInt) {
        guard let terminal, terminal.isLent || terminal.isOurs else {
            signals.stop(signal)
            return
        }
        terminal.takeBack(from: child.process)
        kill(0, SIGCONT)
    }
}
