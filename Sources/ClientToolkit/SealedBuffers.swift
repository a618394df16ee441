public import SharedMemory
public import WaylandClient

/// What a compositor says of memory that it is offered, over `signet_sealed_buffer_manager_v1`.
///
/// Answers arrive on a queue of their own, so that one can be waited for inside of an event's handler.
public final class SealedBuffers {
    /// Why memory wasn't taken.
    public struct Refusal: Error, CustomStringConvertible {
        /// The reason.
        public let reason: SignetSealedBufferOfferV1.Reason
        /// The compositor's sentence: what it found, and what to do instead.
        public let message: String
        /// The compositor's sentence.
        public var description: String { message }
    }

    private let connection: Connection
    private let queue: EventQueue
    private let manager: SignetSealedBufferManagerV1
    /// What the compositor does with memory that isn't sealed; nil until it has said so.
    public private(set) var policy: SignetSealedBufferManagerV1.Policy?
    /// The formats that are taken, by DRM's codes.
    public private(set) var formats: [UInt32] = []

    /// Nil where the compositor takes no offers.
    public init?(_ globals: Globals) {
        guard let manager = try? globals.bind(SignetSealedBufferManagerV1.self, upTo: 1) else { return nil }
        connection = globals.connection
        queue = EventQueue(on: connection)
        self.manager = manager
        manager.setQueue(queue)
        manager.onPolicy = { [weak self] in self?.policy = $0 }
        manager.onFormat = { [weak self] in self?.formats.append($0) }
    }

    deinit {
        manager.destroy()
    }

    /// Offers memory, and waits for the answer: a buffer, whose events come on the main queue, or a ``Refusal``. The
    /// descriptor isn't needed afterwards.
    ///
    /// - Parameters:
    ///   - offset: Where the picture begins, in bytes.
    ///   - stride: From one row to the next, in bytes.
    ///   - fourcc: The format, by DRM's code.
    public func buffer(
        in file: borrowing Descriptor,
        offset: UInt64 = 0,
        width: Int,
        height: Int,
        stride: Int,
        fourcc: UInt32
    ) throws -> WlBuffer {
        let offer = manager.offer(
            fd: file,
            offsetHi: UInt32(offset >> 32),
            offsetLo: UInt32(truncatingIfNeeded: offset),
            width: Int32(width),
            height: Int32(height),
            stride: Int32(stride),
            format: fourcc
        )
        var isAccepted = false
        var refusal: Refusal?
        offer.onAccepted = { isAccepted = true }
        offer.onRefused = { refusal = Refusal(reason: $0, message: $1) }
        while !isAccepted {
            if let refusal {
                offer.destroy()
                throw refusal
            }
            try connection.dispatch(queue)
        }
        let buffer = offer.getBuffer()
        buffer.setQueue(nil)
        offer.destroy()
        return buffer
    }
}

extension Globals {
    /// Has the compositor know a file's pixels as a `wl_buffer`: as an offer where it takes those, and with wl_shm
    /// where it doesn't, or refuses this one. `way` says which it was, after `a memfd` or the like; empty is wl_shm, as
    /// that is nothing special.
    public func makeBuffer(
        in file: borrowing Descriptor,
        width: Int,
        height: Int,
        stride: Int,
        format: WlShm.Format
    ) throws -> (buffer: WlBuffer, way: String) {
        var way = ""
        if let sealedBuffers {
            do {
                let buffer = try sealedBuffers.buffer(
                    in: file,
                    width: width,
                    height: height,
                    stride: stride,
                    fourcc: format.fourcc
                )
                return (buffer, ", which the compositor was offered")
            } catch let error as SealedBuffers.Refusal {
                way = ", in a pool of wl_shm's, since the compositor refused the offer of it: \(error)"
            }
        }
        let pool = shm.createPool(fd: file, size: Int32(stride * height))
        let buffer = pool.createBuffer(
            offset: 0,
            width: Int32(width),
            height: Int32(height),
            stride: Int32(stride),
            format: format
        )
        // The buffer keeps the pool's memory; the descriptor has done its work too.
        pool.destroy()
        return (buffer, way)
    }
}

extension WlShm.Format {
    /// The format by DRM's code: wl_shm has numbers of its own for two of them.
    public var fourcc: UInt32 {
        switch self {
        case .argb8888: DRMFormat.code("AR24")
        case .xrgb8888: DRMFormat.xrgb8888
        default: rawValue
        }
    }
}
