/// Bytes that have come, cut into messages.
struct MessageQueue {
    private var bytes: [UInt8] = []
    private var start = 0

    mutating func append(_ new: [UInt8]) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes += new
    }

    /// What the next message says of itself.
    struct Header {
        let object: UInt32
        let opcode: Int
        let size: Int
    }

    /// The next message, which may not be whole.
    private var header: Header? {
        guard bytes.count - start >= WireFormat.headerSize else { return nil }
        let second = WireFormat.word(bytes[start...], at: 4)
        return Header(
            object: WireFormat.word(bytes[start...], at: 0),
            opcode: Int(second & 0xffff),
            size: Int(second >> 16)
        )
    }

    /// Takes a whole message out; nil where there is none. One that is too short for its own header is whole as that.
    mutating func next() -> (header: Header, bytes: ArraySlice<UInt8>)? {
        guard let header else { return nil }
        let size = max(header.size, WireFormat.headerSize)
        guard bytes.count - start >= size else { return nil }
        defer { start += size }
        return (header, bytes[start..<start + size])
    }

    /// Takes out all that is there.
    mutating func takeRest() -> [UInt8] {
        defer { (bytes, start) = ([], 0) }
        return Array(bytes[start...])
    }
}
