import Glibc

/// The client that `signet run -- CLIENT` runs, treated as a shell treats a job: it has the terminal, is stopped and
/// continued together with Signet, and gets the signals that are meant for it.
///
/// The shell that started Signet knows nothing of the client's group. So when the client is stopped, as by ^Z, Signet
/// takes the terminal back and stops its own group, which the shell sees; and when the shell continues that, with fg or
/// bg, Signet goes the other way.
final class Job {
    private let child: ChildProcess
    private let signals: SignalQueue
    private let terminal: Terminal?
    /// Whether something in Signet's own group reads from the terminal, as the pager of `signet run -- CLIENT | less`.
    private var groupReadsTerminal = false

    /// Starts the last `count` arguments of the command line.
    init(lastArguments count: Int, signals: SignalQueue, limit: DescriptorLimit) throws {
        let terminal = Terminal()
        let lends = terminal?.isOurs ?? false
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
        self.terminal = terminal
    }

    var process: pid_t { child.process }

    /// Deals with a signal that Signet got.
    func handle(_ signal: CInt) {
        switch signal {
        case SIGCONT: proceed()
        case SIGTTIN, SIGTTOU: groupWantsTerminal(signal)
        case SIGTSTP:
            child.send(signal)
            signals.stop(signal)
        default: child.send(signal)
        }
    }

    /// The client was stopped: by a key, or since it reads from the background.
    func didStop(by signal: CInt) {
        // SIGSTOP is the doing of a debugger or a test; other clients go on.
        guard let terminal, [SIGTSTP, SIGTTIN, SIGTTOU].contains(signal) else { return }
        terminal.takeBack()
        signals.stop(signal, wholeGroup: true)
        // Where nobody was stopped, since no shell could continue us, ^Z has no effect; but who waits for the terminal
        // would only be stopped again.
        if signal == SIGTSTP || terminal.isOurs { proceed() }
    }

    /// The client has ended; `signal` is what killed it, if anything did.
    func didEnd(signal: CInt?) {
        guard let terminal, terminal.isLent else { return }
        terminal.takeBack()
        guard let signal else { return }
        terminal.restoreModes()
        // The key's signal went to the client's group alone. A script or make that runs Signet is to hear of it too, as it
        // would if that group were its own.
        if signal == SIGINT || signal == SIGQUIT { kill(0, signal) }
    }

    /// Signet was continued, or goes on.
    private func proceed() {
        if let terminal, terminal.isOurs, !groupReadsTerminal { terminal.lend(to: child.process) }
        child.send(SIGCONT)
    }

    private func groupWantsTerminal(_ signal: CInt) {
        guard let terminal, terminal.isLent else { return signals.stop(signal) }
        groupReadsTerminal = true
        terminal.takeBack()
        kill(0, SIGCONT)
    }
}
