import CProcess
import Glibc
import SharedMemory

/// The client that `signet run -- CLIENT` starts: a process in a group of its own.
struct ChildProcess {
    /// Its number, and its group's.
    let process: pid_t

    /// Starts the last `count` arguments of the command line, found as a shell finds a program.
    ///
    /// It gets the signal mask, the ignored signals and the limit of open files that Signet itself was started with,
    /// and `terminal`, which may be nil, for its group. When Signet is killed, it gets SIGTERM: that comes when the
    /// calling thread ends, so that this has to be the main one. Failures have the exit status 127.
    init(lastArguments count: Int, signals: SignalQueue, limit: DescriptorLimit, terminal: Terminal?) throws {
        // As they were given, byte by byte.
        guard let all = unsafe signet_arguments(), count > 0 else { throw Failure("there is no client to start") }
        let arguments = unsafe all + Int(signet_argument_count()) - count
        let defaults = signals.ignoredHere
        var process: pid_t = 0
        let error = unsafe defaults.withUnsafeBufferPointer { defaults in
            unsafe withUnsafePointer(to: signals.originalMask) { mask in
                unsafe limit.withOriginalPointer { openFiles in
                    var spawn = unsafe signet_spawn(
                        arguments: arguments,
                        mask: mask,
                        default_signals: defaults.baseAddress,
                        default_signal_count: defaults.count,
                        open_files: openFiles,
                        terminal: terminal?.descriptor.rawValue ?? -1,
                        output: -1,
                        environment: nil,
                        parent_death_signal: SIGTERM
                    )
                    return unsafe signet_spawn(&spawn, &process)
                }
            }
        }
        guard error == 0 else {
            let name = unsafe String(cString: arguments[0]!)
            throw Failure("'\(name)' can't be started: \(unsafe String(cString: strerror(error)))", status: 127)
        }
        self.process = process
    }

    /// Sends a signal to all of its group, and to the process itself where it has left that.
    func send(_ signal: CInt) {
        let reachesGroup = kill(-process, signal) == 0
        if !reachesGroup || getpgid(process) != process { kill(process, signal) }
    }
}

extension ChildProcess {
    /// Whether there are processes in its group, also where it has ended itself.
    var groupHasProcesses: Bool { kill(-process, 0) == 0 || errno == EPERM }

    /// Kills all of its group, and nothing else.
    func killGroup() { kill(-process, SIGKILL) }
}

/// What waitpid(2) says of a process.
enum ProcessChange {
    /// With an exit status, or 128 + n for a signal n.
    case ended(status: CInt, signal: CInt?)
    case stopped(signal: CInt)

    init(_ status: CInt) {
        if status & 0xff == 0x7f {
            self = .stopped(signal: (status >> 8) & 0xff)
        } else if status & 0x7f == 0 {
            self = .ended(status: (status >> 8) & 0xff, signal: nil)
        } else {
            self = .ended(status: 128 + status & 0x7f, signal: status & 0x7f)
        }
    }
}
