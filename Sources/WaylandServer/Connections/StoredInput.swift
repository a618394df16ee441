/// What one client sent and what isn't handled so far: the beginning of a message, or what its last turn didn't get to.
struct StoredInput {
    private var words: [UInt32] = []
    /// How many bytes there are; the last word may be a part of one.
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    /// How many bytes the first message lacks: zero where it is whole, nil where its length isn't known yet. A length
    /// that can't be counts as whole, and is found out when the message is read.
    var missingBytes: Int? {
        guard byteCount >= 8 else { return isEmpty ? nil : nil }
        return max(0, Int(words[1] >> 16) - byteCount)
    }

    var hasWholeMessage: Bool { missingBytes == 0 }

    /// Less than a header.
    var bytes: [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 4].littleEndian >> UInt32($0 % 4 * 8)) }
    }

    /// Adds bytes behind the others.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        let count = (byteCount + bytes.count + 3) / 4
        words.append(contentsOf: repeatElement(0, count: count - words.count))
        unsafe words.withUnsafeMutableBytes { buffer in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[byteCount...]).copyMemory(from: bytes)
        }
        byteCount += bytes.count
    }

    /// Takes everything out.
    mutating func takeAll() -> StoredInput {
        defer { self = StoredInput() }
        return self
    }

    /// Lets go of so many words from the start.
    mutating func removeFirst(words count: Int) {
        guard count > 0 else { return }
        if count * 4 >= byteCount { return self = StoredInput() }
        words.removeFirst(count)
        byteCount -= count * 4
    }

    /// Lends the words of which all bytes are there.
    func withWords<R>(_ body: (UnsafePointer<UInt32>, Int) -> R) -> R {
        unsafe words.withUnsafeBufferPointer { buffer in unsafe body(buffer.baseAddress!, byteCount / 4) }
    }
}
