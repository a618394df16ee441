public import DirectRendering
public import SharedMemory

/// The end of a channel that makes a video of pictures.
///
/// It believes the other end no more than a compositor believes its clients: only memory that can't shrink is mapped,
/// and never for writing.
public final class VideoTaker {
    /// What was ordered.
    public let order: VideoOrder
    /// What the video is to be written to, until it is taken.
    private var target: Descriptor?
    private let socket: Descriptor
    private var memories: [any PictureMemory] = []

    /// What comes over a channel.
    public enum Event: Hashable, Sendable {
        /// A memory's picture is to be shown from a moment on, in nanoseconds since the first one; so many were left
        /// out so far.
        case picture(slot: Int, time: UInt64, dropped: UInt64)
        /// There are no more; the last one is shown until a moment.
        case end(time: UInt64, dropped: UInt64)
    }

    /// Waits for the order and the memories.
    public init(over socket: consuming Descriptor) throws {
        self.socket = socket
        var target: Descriptor?
        guard case .order(let order) = try VideoMessage.receive(over: self.socket, with: &target) else {
            throw VideoChannelError.broken("orders nothing")
        }
        self.order = order
        self.target = target
        for _ in 0..<order.slotCount {
            var memory: Descriptor?
            guard case .memory(let kind, let layout) = try VideoMessage.receive(over: self.socket, with: &memory),
                let descriptor = memory.take(), layout.width == order.width, layout.height == order.height
            else { throw VideoChannelError.broken("has no memory for pictures") }
            memories.append(try makePictureMemory(descriptor, kind, layout))
        }
    }

    /// Gives away what the video is written to; nil where that was done.
    public func takeTarget() -> Descriptor? { target.take() }

    /// Waits for what comes next; nil where the other end is gone.
    public func next() throws(VideoChannelError) -> Event? {
        let message: VideoMessage
        do throws(VideoChannelError) { message = try VideoMessage.receive(over: socket) } catch {
            if error == .closed { return nil }
            throw error
        }
        switch message {
        case .picture(let slot, let time, let dropped) where memories.indices.contains(slot):
            return .picture(slot: slot, time: time, dropped: dropped)
        case .end(let time, let dropped): return .end(time: time, dropped: dropped)
        default: throw .broken("sends what isn't expected")
        }
    }

    /// A picture's memory for a device that imports it, and how it lies there; nil where it is no dma-buf.
    public func deviceMemory(slot: Int) throws -> VideoMemory? { try memories[slot].deviceMemory() }

    /// How the pictures lie in their memory.
    public var layout: PictureLayout { memories[0].layout }

    /// Lends a picture's bytes, and how they lie, until `body` returns. They are the other end's memory.
    public func withPicture<R>(slot: Int, _ body: (RawSpan, PictureLayout) throws -> R) throws -> R {
        try memories[slot].withBytes { bytes in try body(bytes, memories[slot].layout) }
    }

    /// There is all that it takes to make the video.
    public func begin() throws(VideoChannelError) {
        try VideoMessage.begun.send(over: socket, with: DescriptorList())
    }

    /// The picture was read, and its memory may be used again; so much has been written in all.
    public func done(slot: Int, pictures: UInt64, bytes: UInt64) throws(VideoChannelError) {
        try VideoMessage.done(slot: slot, pictures: pictures, bytes: bytes).send(over: socket, with: DescriptorList())
    }
}
