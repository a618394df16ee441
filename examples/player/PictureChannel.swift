import Glibc
import SharedMemory

/// What goes from the process that receives pictures to the one that decodes them: a number of bytes, and a descriptor
/// of a sealed memfd that has them. The decoder answers each with a byte, so that few are on their way.
///
/// The socket keeps messages apart: SOCK_SEQPACKET; unix(7).
enum PictureChannel {
    /// How many pictures may wait for the decoder. Those that come after them wait in the sender.
    static let mostOutstanding = 2
    /// The most bytes of a picture.
    static let mostBytes = 16 << 20
    /// Zero bytes after the picture, which libavcodec may read: AV_INPUT_BUFFER_PADDING_SIZE.
    static let padding = 64

    private static let version: UInt64 = 0x504c_4159_4a50_4701

    /// Both ends: one for this process and one that a program that it starts inherits.
    static func makeEnds() throws(SystemError) -> (own: DescriptorBox, inherited: DescriptorBox) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        _ = try SystemCall.run("socketpair") { unsafe socketpair(AF_UNIX, type, 0, &ends) }
        let (own, inherited) = (DescriptorBox(Descriptor(owning: ends[0])), DescriptorBox(Descriptor(owning: ends[1])))
        let number = ends[1]
        _ = try SystemCall.run("fcntl") { fcntl(number, F_SETFD, 0) }
        return (own, inherited)
    }

    /// Sends a picture of `byteCount` bytes.
    static func send(
        _ picture: consuming Descriptor,
        byteCount: Int,
        over socket: borrowing Descriptor
    ) throws(SystemError) {
        var list = DescriptorList()
        list.append(picture)
        let words: [UInt64] = [version, UInt64(byteCount)]
        try unsafe socket.send(words.span.bytes, with: list)
    }

    /// Waits for a picture; what it says of itself isn't looked at yet. Nil where the other end is gone.
    static func receive(over socket: borrowing Descriptor) throws -> (picture: DescriptorBox, byteCount: UInt64)? {
        var words: [UInt64] = [0, 0]
        var list: DescriptorList
        do {
            var span = words.mutableSpan
            var bytes = unsafe span.mutableBytes
            list = try socket.receive(into: &bytes, expecting: 1, inOnePiece: true)
        } catch DescriptorPassingError.closed {
            return nil
        }
        guard words[0] == version, let picture = list.takeFirst() else {
            throw Failure("what comes isn't a picture of this player's receiver")
        }
        return (DescriptorBox(picture), words[1])
    }
}

/// Holds a descriptor where only copyable values may be.
final class DescriptorBox: Sendable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
