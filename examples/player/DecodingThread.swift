import CLibAV
import SharedMemory

/// The thread that waits for coded pictures and decodes them.
final class DecodingThread: Sendable {
    let queue: FrameQueue
    let pool = MemoryPool()
    let patience: Patience
    private let hasEnded = Semaphore()

    /// Starts it; `open` is called on it.
    init(patience: Patience, _ open: @escaping @Sendable () throws -> any PacketSource) throws {
        queue = try FrameQueue()
        self.patience = patience
        try startThread { [queue, pool, hasEnded] in
            Self.run(queue, pool, open)
            hasEnded.post()
        }
    }

    private static func run(_ queue: FrameQueue, _ pool: MemoryPool, _ open: () throws -> any PacketSource) {
        var damaged = 0
        do {
            let source = try open()
            let decoder = try Decoder(source, into: pool)
            defer { damaged = decoder.damaged }
            var packet = unsafe av_packet_alloc()
            defer { unsafe av_packet_free(&packet) }
            guard let packet = unsafe packet else { throw Failure("there is no memory for a packet") }
            var isMore = true
            while isMore {
                do { isMore = try unsafe source.read(into: packet) } catch {
                    // Pictures that waited for others to come before them are shown.
                    _ = try unsafe decoder.decode(nil, time: source.time(of:), queue.push)
                    throw error
                }
                defer { unsafe av_packet_unref(packet) }
                let input = unsafe isMore ? packet : nil
                guard try unsafe decoder.decode(input, time: source.time(of:), queue.push) else { return }
            }
            if queue.decoded == 0 { throw Failure("\(source.name): there is no picture in it that can be decoded") }
            queue.end(.complete, damaged: decoder.damaged)
        } catch {
            queue.end(.failed("\(error)"), damaged: damaged)
        }
    }

    /// Has it end, and waits for that; not for long, as what it reads may not answer.
    func end() {
        patience.end()
        queue.close()
        hasEnded.wait(milliseconds: 1_000)
    }
}
