import Glibc

/// The client that `signet run -- CLIENT` starts and waits for.
struct ChildProcess {
    let process: pid_t

    /// Starts `command`, found as a shell finds it, with the signal mask `mask` and no signal ignored.
    init(_ command: [String], mask: sigset_t, limit: DescriptorLimit) throws {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var mask = mask
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var process: pid_t = 0
        let error = limit.withOriginal {
            unsafe posix_spawnp(&process, arguments[0]!, nil, &attributes, &arguments, environ)
        }
        guard error == 0 else {
            throw Failure("'\(command[0])' can't be started: \(unsafe String(cString: strerror(error)))", status: 127)
        }
        self.process = process
    }

    /// Passes a signal on.
    func send(_ signal: CInt) {
        kill(process, signal)
    }

    /// Its exit status once it has ended, 128 + n for a signal n; nil before.
    func exitStatus() -> CInt? {
        var status: CInt = 0
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
