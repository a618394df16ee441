import CLinux
import CProcess
import Glibc
import SharedMemory
import WaylandServer

/// The signals that `signet run` deals with, which wait in a descriptor until the event loop takes them; signalfd(2).
///
/// They are blocked from the start: one that comes before the loop runs waits for it, and doesn't leave the socket
/// behind. What was ignored when Signet was started, as by nohup(1) or a shell without job control, stays ignored.
final class SignalQueue {
    /// Signals that end a program that doesn't handle them and that something outside may send: they are the client's,
    /// or end Signet where it runs for none. SIGSEGV and its like come from within, and SIGPIPE and SIGXFSZ are errors
    /// of write(2) here.
    private static let passedOn: [CInt] =
        [
            SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR,
            SIGSTKFLT, SIGWINCH,
        ] + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax())
    /// Job control; see ``Job``.
    private static let jobControl = [SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT]
    private static let turnedIntoErrors = [SIGPIPE, SIGXFSZ]

    /// The mask that Signet was started with.
    let originalMask: sigset_t
    /// Signals that Signet ignores and that weren't ignored when it was started.
    let ignoredHere: [CInt]
    private let descriptor: Descriptor
    private var source: EventLoop.Source?

    init() throws {
        let waitedFor = (Self.passedOn + Self.jobControl).filter { signet_signal_is_ignored($0) == 0 } + [SIGCHLD]
        ignoredHere = Self.turnedIntoErrors.filter { signet_signal_is_ignored($0) == 0 }
        for number in Self.turnedIntoErrors { signal(number, SIG_IGN) }
        // Where it is ignored, the kernel reaps children itself, and nobody hears how they ended.
        signal(SIGCHLD, SIG_DFL)
        var (mask, original) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&mask)
        for number in waitedFor { unsafe sigaddset(&mask, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &mask, &original)
        originalMask = original
        let number = unsafe signalfd(-1, &mask, CInt(SFD_CLOEXEC | SFD_NONBLOCK))
        guard number >= 0 else { throw Failure("signals can't be waited for: signalfd: \(Errno(rawValue: errno))") }
        descriptor = Descriptor(owning: number)
    }

    deinit {
        source?.remove()
    }

    /// A signal that came.
    struct Signal {
        let number: CInt
        /// Whether no process sent it: a key of the terminal, a timer, or the end of a child did.
        let isFromKernel: Bool
        /// The process that sent it, where one did.
        let sender: pid_t
    }

    /// Calls `action` in `loop` for each signal, in the order in which the kernel gives them out.
    func watch(in loop: EventLoop, _ action: @escaping (Signal) -> Void) throws {
        let number = descriptor.rawValue
        source = loop.watch(number, for: .readable) { _ in
            var info = signalfd_siginfo()
            let size = MemoryLayout<signalfd_siginfo>.size
            while unsafe read(number, &info, size) == size {
                // SI_KERNEL, and what it says of children, are positive; sigaction(2).
                let number = CInt(info.ssi_signo)
                action(Signal(number: number, isFromKernel: info.ssi_code > 0, sender: pid_t(bitPattern: info.ssi_pid)))
            }
        }
        guard source != nil else { throw Failure("signals can't be waited for: epoll: \(Errno(rawValue: errno))") }
    }

    /// Ends this process by a signal, which its group gets too if `wholeGroup` says so.
    func die(of number: CInt, wholeGroup: Bool) -> Never {
        signal(number, SIG_DFL)
        // The client's core, if there is one, is what matters.
        var none = rlimit()
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, number)
        kill(wholeGroup ? 0 : getpid(), number)
        unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        // Only the first process of a container gets here, which signals of its own don't kill.
        exit(128 + number)
    }

    /// Lets a stop signal do to this process, or to its whole group, what it does by default.
    ///
    /// Returns true when the process was stopped and is continued; SIGCONT is in the queue then. False, at once, where
    /// the kernel stops nobody, since no shell could continue the group; setpgid(2), orphaned process groups.
    @discardableResult
    func stop(_ signal: CInt, wholeGroup: Bool = false) -> Bool {
        var (mask, pending) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, signal)
        kill(wholeGroup ? 0 : getpid(), signal)
        unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        unsafe sigpending(&pending)
        return unsafe sigismember(&pending, SIGCONT) == 1
    }
}
