import Glibc
import SharedMemory

/// The process that receives JPEG pictures from the network, and hands each on in a sealed memfd.
///
/// It doesn't decode, and knows no compositor: what goes wrong with what a sender sends goes wrong here.
enum Receiver {
    /// The hidden option that makes the program a receiver; an address and the number of a socket follow.
    static let option = "--receiver"

    /// Its exit status, where the program was started as one.
    static func runIfAsked(_ arguments: [String]) -> CInt? {
        guard arguments.count == 4, arguments[1] == option, let number = CInt(arguments[3]) else { return nil }
        let decoder = Descriptor(owning: number)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        do {
            try receive(at: arguments[2], for: decoder)
            return 0
        } catch {
            let line = "player: \(arguments[2]): \(error)\n"
            _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
            return 1
        }
    }

    /// Takes one sender, and returns when that or the decoder is gone.
    private static func receive(at address: String, for decoder: borrowing Descriptor) throws {
        guard let sender = try firstSender(at: address, decoder.rawValue) else { return }
        var splitter = JPEGSplitter(limit: PictureChannel.mostBytes)
        var (chunk, outstanding) = ([UInt8](repeating: 0, count: 1 << 16), 0)
        while true {
            while outstanding < PictureChannel.mostOutstanding, let picture = try splitter.next() {
                let padding = [UInt8](repeating: 0, count: PictureChannel.padding)
                let file = try AnonymousFile.constant(name: "picture", content: picture + padding)
                do throws(SystemError) {
                    try PictureChannel.send(file, byteCount: picture.count, over: decoder)
                } catch {
                    // The decoder is gone, and has said why.
                    if error.errno == .brokenPipe || error.errno == .connectionReset { return }
                    throw error
                }
                outstanding += 1
            }
            // While the decoder is busy, the sender waits.
            let isFull = outstanding >= PictureChannel.mostOutstanding
            if try waitForOne(of: isFull ? -1 : sender.rawValue, decoder.rawValue) == decoder.rawValue {
                let count = unsafe recv(decoder.rawValue, &chunk, 1, 0)
                guard count > 0 else { return }
                outstanding -= 1
            } else {
                let count = try SystemCall.run("read") { unsafe read(sender.rawValue, &chunk, chunk.count) }
                guard count > 0 else { return }
                splitter.append(chunk.prefix(count))
            }
        }
    }

    /// Waits for a sender; nil where the decoder is gone before.
    private static func firstSender(at address: String, _ decoder: CInt) throws -> Descriptor? {
        let listener = try ListeningSocket(address)
        let line = "player: receiver \(getpid()) waits for pictures at \(listener.address)\n"
        _ = unsafe write(STDOUT_FILENO, line, line.utf8.count)
        guard try waitForOne(of: listener.descriptor.rawValue, decoder) != decoder else { return nil }
        return try listener.accept()
    }

    /// Waits until one of two is readable or gone; the second goes first.
    private static func waitForOne(of first: CInt, _ second: CInt) throws -> CInt {
        var entries = [first, second].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = try SystemCall.run("poll") { unsafe poll(&entries, 2, -1) }
        return entries[1].revents != 0 ? second : first
    }
}
