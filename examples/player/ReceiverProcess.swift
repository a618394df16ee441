import CProcess
import Glibc
import SharedMemory

/// The receiver, started as a process of its own: this program again.
final class ReceiverProcess {
    /// This end of the socket to it.
    let socket: DescriptorBox
    private var process: pid_t = 0

    /// Starts one that receives at `address`, with the signals of `mask` blocked. For `-` there is one already:
    /// standard input is the socket to it.
    init(_ address: String, mask: sigset_t) throws {
        if address == "-" {
            socket = DescriptorBox(Descriptor(owning: STDIN_FILENO))
            return
        }
        let ends = try PictureChannel.makeEnds()
        socket = ends.own
        let words = ["/proc/self/exe", Receiver.option, address, String(ends.inherited.descriptor.rawValue)]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        let error = unsafe arguments.withUnsafeMutableBufferPointer { arguments in
            unsafe withUnsafePointer(to: mask) { mask in
                var spawn = unsafe signet_spawn(
                    arguments: arguments.baseAddress,
                    mask: mask,
                    default_signals: nil,
                    default_signal_count: 0,
                    open_files: nil,
                    terminal: -1,
                    output: -1,
                    environment: nil,
                    // It ends with the socket, and tidies up.
                    parent_death_signal: 0
                )
                return unsafe signet_spawn(&spawn, &process)
            }
        }
        guard error == 0 else {
            throw Failure("the receiver can't be started: \(Errno(rawValue: error))")
        }
    }

    /// Has it end, and waits for that.
    func end() {
        shutdown(socket.descriptor.rawValue, CInt(SHUT_RDWR))
        guard process > 0 else { return }
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }
}
