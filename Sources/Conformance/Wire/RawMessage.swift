/// An event as it came over the socket; wayland(7), "Wire Format".
package struct RawEvent: Equatable, Sendable {
    /// The object that it is for.
    package let object: UInt32
    /// Which of the interface's events it is.
    package let opcode: UInt32
    /// The arguments, of which none was looked at.
    package let words: [UInt32]

    /// The text that begins at the word with this index.
    package func text(at index: Int) -> String {
        guard words.indices.contains(index) else { return "" }
        let bytes = words[(index + 1)...].flatMap { word in (0..<4).map { UInt8(word >> ($0 * 8) & 255) } }
        return String(decoding: bytes.prefix(max(0, Int(words[index]) - 1)), as: UTF8.self)
    }
}

/// The words of a request, right or wrong.
package enum RawRequest {
    /// A request's words.
    package static func words(_ object: UInt32, _ opcode: UInt32, _ arguments: [UInt32] = []) -> [UInt32] {
        [object, UInt32(8 + arguments.count * 4) << 16 | opcode] + arguments
    }

    /// A string argument's words.
    package static func text(_ text: String) -> [UInt32] {
        let bytes = Array(text.utf8) + [0]
        return [UInt32(bytes.count)] + padded(bytes)
    }

    /// Bytes with zeros up to the next word's border.
    package static func padded(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<min(start + 4, bytes.count)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}
