import SharedMemory

/// What is to be sent over a socket, and hasn't found room.
final class OutgoingQueue {
    private final class Chunk {
        var bytes: [UInt8] = []
        var start = 0
        /// They travel with the first byte.
        var descriptors: DescriptorList?

        init(_ descriptors: consuming DescriptorList?) { self.descriptors = descriptors }
    }

    private var chunks: [Chunk] = []
    /// How many bytes wait.
    private(set) var size = 0
    /// Bytes that are sent in one go.
    private static let chunkSize = 65_536

    var isEmpty: Bool { chunks.isEmpty }

    /// Adds a message, or more of them, and the descriptors that belong to it.
    func append(_ bytes: some Collection<UInt8>, with descriptors: consuming DescriptorList? = nil) {
        size += bytes.count
        let last = chunks.last
        if descriptors == nil, let last, last.bytes.count < Self.chunkSize {
            last.bytes += bytes
            return
        }
        let chunk = Chunk(descriptors)
        chunk.bytes += bytes
        chunks.append(chunk)
    }

    /// Sends what there is room for; false where the other end is gone.
    func flush(to socket: borrowing Descriptor) -> Bool {
        while let chunk = chunks.first {
            do throws(SystemError) {
                let numbers = chunk.descriptors?.rawValues ?? []
                let bytes = chunk.bytes
                let span = bytes.span
                let rest = unsafe span.bytes.extracting(chunk.start..<span.count)
                let count = try socket.sendAvailable(rest, with: numbers)
                chunk.descriptors = nil
                chunk.start += count
                size -= count
                if chunk.start == chunk.bytes.count { chunks.removeFirst() }
            } catch {
                return error.errno == .wouldBlock
            }
        }
        return true
    }
}
