import Glibc

/// What the writer leaves in the memory: a text that no other run writes, and a mark on each further page, so that
/// every page is really there.
struct Letter {
    /// The text.
    let text: String

    private static let page = 4_096

    /// A letter that came by `way`.
    init(by way: String) {
        text = "hello through \(way) from process \(getpid()), \(UInt16.random(in: 1_000...9_999))"
    }

    /// Writes it.
    func put(into memory: inout MutableRawSpan) {
        for start in stride(from: 0, to: memory.byteCount, by: Self.page) {
            memory.storeBytes(of: Self.mark(start), toByteOffset: start, as: UInt8.self)
        }
        for (offset, byte) in (Array(text.utf8) + [0]).enumerated() {
            memory.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// The text in `memory`, and in front of it how many pages have their mark.
    static func take(from memory: RawSpan) -> String {
        func byte(_ offset: Int) -> UInt8 { unsafe memory.unsafeLoad(fromByteOffset: offset, as: UInt8.self) }
        var text: [UInt8] = []
        for offset in 0..<min(100, memory.byteCount) {
            if byte(offset) == 0 { break }
            text.append(byte(offset))
        }
        let marked = stride(from: page, to: memory.byteCount, by: page).filter { byte($0) == mark($0) }.count
        return "\(marked) \(String(decoding: text, as: UTF8.self))"
    }

    /// What ``take(from:)`` says where the whole letter has arrived in `size` bytes.
    func asRead(size: Int) -> String {
        "\((size - 1) / Self.page) \(text)"
    }

    /// ``take(from:)``'s answer for people.
    static func shown(_ answer: String) -> String {
        let parts = answer.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return "reader read nothing: '\(answer)'" }
        return "reader read: \"\(parts[1])\", and marks on \(parts[0]) more pages"
    }

    /// Never 0, which is what untouched memory holds.
    private static func mark(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: offset / page) | 1 }
}
