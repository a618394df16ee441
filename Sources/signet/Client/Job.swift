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
    }

    private let child: ChildProcess
    private let signals: SignalQueue
    private let terminal: Terminal?
    /// Whether something in Signet's own group reads from the terminal, as the pager of `signet run -- CLIENT | less`.
    private var groupReadsTerminal = false
    /// The last signal that a key sent to Signet's own group.
    private var keySignal: CInt?

    /// Starts the last `count` arguments of the command line.
    init(lastArguments count: Int, signals: SignalQueue, limit: DescriptorLimit) throws {
        terminal = Terminal()
        let lends = getpgrp() == getpid() && terminal?.isOurs ?? false
        if lends { terminal?.noteLent() }
        do {
            child = try ChildProcess(
                lastArguments: count,
                signals: signals,
                limit: limit,
                terminal: lends ? terminal : nil
            )
        } catch {
            terminal?.takeBack()
            throw error
        }
        self.signals = signals
    }

    var process: pid_t { child.process }

    /// Deals with a signal that Signet got, from a key of the terminal or from another process.
    func handle(_ signal: SignalQueue.Signal) {
        switch signal.number {
        case SIGCONT: proceed()
        case SIGTTIN, SIGTTOU: groupWantsTerminal(signal.number)
        case SIGTSTP:
            child.send(signal.number)
            signals.stop(signal.number)
        default:
            if signal.isFromKernel { keySignal = signal.number }
            child.send(signal.number)
        }
    }

    /// The client was stopped: by a key, or since it reads from the background.
    func didStop(by signal: CInt) {
        // SIGSTOP is the doing of a debugger or a test; other clients go on.
        guard let terminal, [SIGTSTP, SIGTTIN, SIGTTOU].contains(signal) else { return }
        if signal != SIGTSTP, terminal.isOurs, !groupReadsTerminal { return proceed() }
        terminal.takeBack()
        signals.stop(signal, wholeGroup: true)
        // Where nobody was stopped, since no shell could continue us, ^Z has no effect; but who waits for the terminal
        // would only be stopped again.
        if signal == SIGTSTP || terminal.isOurs { proceed() }
    }

    /// The client has ended: with a status, and killed by `signal` if there was one.
    func didEnd(status: CInt, signal: CInt?) -> Ending {
        let wasLent = terminal?.isLent ?? false
        if wasLent {
            terminal?.takeBack()
            if signal != nil { terminal?.restoreModes() }
            // Those that were stopped for reading meanwhile.
            kill(0, SIGCONT)
        }
        let isFromKey = (signal == SIGINT || signal == SIGQUIT) && (wasLent || signal == keySignal)
        return isFromKey ? .killed(signal: signal!, wholeGroup: wasLent) : .exit(status: status)
    }

    /// Signet was continued, or goes on.
    private func proceed() {
        if let terminal, terminal.isOurs, !groupReadsTerminal { terminal.lend(to: child.process) }
        child.send(SIGCONT)
    }

    private func groupWantsTerminal(_ signal: CInt) {
        guard let terminal, terminal.isLent || terminal.isOurs else { return signals.stop(signal) }
        groupReadsTerminal = true
        terminal.takeBack()
        kill(0, SIGCONT)
    }
}
