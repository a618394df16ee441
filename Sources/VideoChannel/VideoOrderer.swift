internal import Glibc
public import SharedMemory

/// What went wrong on a channel.
public enum VideoChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The other process is gone.
    case closed
    /// The other process says what makes no sense; both may be of different versions.
    case broken(String)
    /// A system call failed.
    case system(SystemError)

    /// As in `the other end is gone`.
    public var description: String {
        switch self {
        case .closed: "the other end of the channel is gone"
        case .broken(let what): "the other end of the channel \(what); both have to be of one version"
        case .system(let error): "\(error)"
        }
    }
}

/// The end of a channel that has pictures encoded.
///
/// A channel is a pair of sockets between two processes: one has pictures in YUV, the other makes a video of them. What
/// goes over it are numbers, and once for each memory a descriptor: pictures stay where they are. At most ``limit``
/// pictures are on their way, so that nothing waits in a queue, and neither end ever waits for room in the socket.
public final class VideoOrderer {
    private let socket: Descriptor
    /// Pictures of each memory that haven't been read yet.
    private var outstanding: [Int]
    /// How many pictures the other end has written.
    public private(set) var pictures: UInt64 = 0
    /// How many bytes the other end has written.
    public private(set) var bytes: UInt64 = 0

    /// Whether the other end has what it takes, and has begun.
    public private(set) var hasBegun = false
    /// How many answers there were.
    public private(set) var answerCount = 0

    /// How many pictures may be on their way: one that is encoded, and the next.
    public static let limit = 2

    /// Both ends of a channel.
    public struct Ends: ~Copyable {
        /// For this process.
        public let orderer: Descriptor
        /// To be inherited by the other process: it isn't closed on exec.
        public let taker: Descriptor

        /// Takes the first; the second is closed.
        public consuming func takeOrderer() -> Descriptor { orderer }
    }

    /// Makes a channel.
    public static func makeEnds() throws(SystemError) -> Ends {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        _ = try SystemCall.run("socketpair") { unsafe socketpair(AF_UNIX, type, 0, &ends) }
        let pair = Ends(orderer: Descriptor(owning: ends[0]), taker: Descriptor(owning: ends[1]))
        let number = ends[1]
        _ = try SystemCall.run("fcntl") { fcntl(number, F_SETFD, 0) }
        return pair
    }

    /// Orders a video; what comes of it is written to `target`.
    public init(
        _ order: VideoOrder,
        over socket: consuming Descriptor,
        into target: consuming Descriptor
    ) throws(VideoChannelError) {
        self.socket = socket
        outstanding = [Int](repeating: 0, count: order.slotCount)
        var list = DescriptorList()
        list.append(target)
        try VideoMessage.order(order).send(over: self.socket, with: list)
    }

    /// Hands over a picture's memory; to be called as often as the order says, before the first picture.
    public func add(
        _ memory: consuming Descriptor,
        _ kind: PictureMemoryKind,
        _ layout: PictureLayout
    ) throws(VideoChannelError) {
        var list = DescriptorList()
        list.append(memory)
        try VideoMessage.memory(kind, layout).send(over: socket, with: list)
    }

    /// Whether a further picture may be sent.
    public var isReady: Bool { outstanding.reduce(0, +) < Self.limit }

    /// The memories that nobody reads, without `kept`.
    public func freeSlots(besides kept: Int?) -> [Int] {
        outstanding.indices.filter { outstanding[$0] == 0 && $0 != kept }
    }

    /// Has the picture in a memory shown from `time` on, in nanoseconds since the first one. Nobody may change it until
    /// it was read, see ``freeSlots(besides:)``. `dropped` pictures were left out so far.
    public func send(slot: Int, time: UInt64, dropped: UInt64) throws(VideoChannelError) {
        precondition(isReady, "a picture is sent when the channel is ready")
        try VideoMessage.picture(slot: slot, time: time, dropped: dropped).send(over: socket, with: DescriptorList())
        outstanding[slot] += 1
    }

    /// There are no more pictures; the last one is shown until `time`.
    public func end(time: UInt64, dropped: UInt64) throws(VideoChannelError) {
        try VideoMessage.end(time: time, dropped: dropped).send(over: socket, with: DescriptorList())
    }

    /// What is to be polled for reading.
    public var descriptorNumber: CInt { socket.rawValue }

    /// Reads what the other end has answered so far.
    public func dispatchAvailable() throws(VideoChannelError) {
        var poller = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&poller, 1, 0) > 0 {
            let message = try VideoMessage.receive(over: socket)
            answerCount += 1
            if case .begun = message {
                hasBegun = true
                continue
            }
            guard case .done(let slot, let pictures, let bytes) = message, outstanding.indices.contains(slot),
                outstanding[slot] > 0
            else { throw .broken("answers what wasn't asked") }
            outstanding[slot] -= 1
            (self.pictures, self.bytes) = (pictures, bytes)
        }
    }
}

extension VideoMessage {
    func send(
        over socket: borrowing Descriptor,
        with descriptors: borrowing DescriptorList
    ) throws(VideoChannelError) {
        precondition(descriptors.count == descriptorCount)
        let words = words
        do throws(SystemError) { try unsafe socket.send(words.span.bytes, with: descriptors) } catch {
            throw error.errno == .brokenPipe || error.errno == .connectionReset ? .closed : .system(error)
        }
    }

    /// Waits for a message that comes without a descriptor.
    static func receive(over socket: borrowing Descriptor) throws(VideoChannelError) -> VideoMessage {
        var none: Descriptor?
        return try receive(over: socket, with: &none, count: 0)
    }

    /// The same for a message that comes with a descriptor.
    static func receive(
        over socket: borrowing Descriptor,
        with descriptor: inout Descriptor?
    ) throws(VideoChannelError) -> VideoMessage {
        try receive(over: socket, with: &descriptor, count: 1)
    }

    private static func receive(
        over socket: borrowing Descriptor,
        with descriptor: inout Descriptor?,
        count: Int
    ) throws(VideoChannelError) -> VideoMessage {
        var words = [UInt64](repeating: 0, count: byteCount / 8)
        var descriptors: DescriptorList
        do throws(DescriptorPassingError) {
            var span = words.mutableSpan
            var bytes = unsafe span.mutableBytes
            descriptors = try socket.receive(into: &bytes, expecting: count, inOnePiece: true)
        } catch {
            switch error {
            case .closed: throw .closed
            case .system(let error):
                throw error.errno == .connectionReset ? .closed : .system(error)
            case .truncated, .wrongCount: throw .broken("sends other descriptors than expected")
            }
        }
        guard let message = VideoMessage(words), message.descriptorCount == count else {
            throw .broken("sends what isn't expected")
        }
        descriptor = descriptors.takeFirst()
        return message
    }
}
