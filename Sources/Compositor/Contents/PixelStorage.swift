/// Where a plane's bytes are.
enum PixelStorage {
    /// Drawn by ourselves.
    case bytes([UInt8])
    /// A part of what was read from a client's file.
    case copy(PixelMemory, Range<Int>)
    /// A part of a client's own memory.
    case mapping(MappedMemory, Range<Int>)

    /// Whether it is memory that somebody else can make us wait for, or fill anew page by page.
    var isShared: Bool {
        if case .mapping = self { return true }
        return false
    }

    /// How many of the pages that hold some rows aren't there, where they are worth counting.
    func missingPages(rows: Range<Int>, stride: Int) -> Int {
        guard case .mapping(let memory, let range) = self, memory.isWatched else { return 0 }
        let start = range.lowerBound + rows.lowerBound * stride
        return memory.missingPages(in: start..<min(range.upperBound, start + rows.count * stride))
    }

    /// Lends the bytes; nil where they can't be had.
    @discardableResult
    func withBytes<R>(_ body: (RawSpan) -> R) -> R? {
        switch self {
        case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
        case .copy(let memory, let range): memory.withBytes(in: range, body)
        case .mapping(let memory, let range): memory.withBytes(in: range, body)
        }
    }
}
