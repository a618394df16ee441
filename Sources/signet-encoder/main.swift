import Glibc
import SharedMemory
import VideoChannel

/// `signet-encoder N`: makes H.264 of the pictures that come over the channel at descriptor N, for `signet record`.

// Who hands over the pictures says when it is time to end, and so does its end.
for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
signal(SIGXFSZ, SIG_IGN)

guard CommandLine.arguments.count == 2, let number = CInt(CommandLine.arguments[1]), fcntl(number, F_GETFD) >= 0 else {
    report("is started by 'signet record' and 'signet stream', with a channel for pictures")
    exit(EX_USAGE)
}
do {
    try Encoding(over: Descriptor(owning: number)).run()
} catch VideoChannelError.closed {
    // Nothing was ordered, and why is said elsewhere.
    exit(1)
} catch let failure as Failure {
    report(failure.message)
    exit(1)
} catch {
    report("\(error)")
    exit(1)
}

func report(_ message: String) {
    let line = Array("signet-encoder: \(message)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}
