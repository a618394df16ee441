/// An argument of a message.
enum WireValue: Equatable {
    case int(Int32)
    case uint(UInt32)
    /// In units of 1/256.
    case fixed(Int32)
    case string(String?)
    /// An object's number, or 0.
    case object(UInt32)
    case newObject(UInt32)
    case array([UInt8])
    /// A descriptor, which travels beside the bytes.
    case descriptor

    /// The number, where it is one of a kind.
    var number: Int {
        switch self {
        case .int(let value), .fixed(let value): Int(value)
        case .uint(let value), .object(let value), .newObject(let value): Int(value)
        case .string, .array, .descriptor: 0
        }
    }

    /// The text, where it is one.
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// Reads and writes messages: a word for the object, one for size and opcode, arguments; native byte order. Source:
/// https://wayland.freedesktop.org/docs/html/ch04.html, "Wire Format".
enum WireFormat {
    /// Bytes of a message before its arguments.
    static let headerSize = 8

    static func word(_ bytes: ArraySlice<UInt8>, at offset: Int) -> UInt32 {
        let start = bytes.startIndex + offset
        return (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }.littleEndianToNative
    }

    /// The arguments of a whole message; nil where they don't fit into it.
    static func values(_ bytes: ArraySlice<UInt8>, _ kinds: [WireMessage.Kind]) -> [WireValue]? {
        var offset = headerSize
        var values: [WireValue] = []
        for kind in kinds {
            if kind == .descriptor {
                values.append(.descriptor)
                continue
            }
            guard offset + 4 <= bytes.count else { return nil }
            let word = word(bytes, at: offset)
            offset += 4
            switch kind {
            case .int: values.append(.int(Int32(bitPattern: word)))
            case .uint: values.append(.uint(word))
            case .fixed: values.append(.fixed(Int32(bitPattern: word)))
            case .object: values.append(.object(word))
            case .newObject: values.append(.newObject(word))
            case .string, .array:
                let length = Int(word)
                guard offset + length <= bytes.count else { return nil }
                let content = bytes.dropFirst(offset).prefix(length)
                offset += (length + 3) & ~3
                if kind == .array {
                    values.append(.array(Array(content)))
                } else {
                    values.append(.string(length == 0 ? nil : String(decoding: content.dropLast(), as: UTF8.self)))
                }
            case .descriptor: break
            }
        }
        return values
    }

    /// A whole message.
    static func bytes(to object: UInt32, opcode: Int, _ values: [WireValue]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: headerSize)
        for value in values {
            switch value {
            case .int(let value), .fixed(let value): append(UInt32(bitPattern: value), to: &bytes)
            case .uint(let value), .object(let value), .newObject(let value): append(value, to: &bytes)
            case .string(let text): append(content: text.map { Array($0.utf8) + [0] } ?? [], to: &bytes)
            case .array(let content): append(content: content, to: &bytes)
            case .descriptor: break
            }
        }
        set(object, in: &bytes, at: 0)
        set(UInt32(bytes.count) << 16 | UInt32(opcode), in: &bytes, at: 4)
        return bytes
    }

    private static func append(content: [UInt8], to bytes: inout [UInt8]) {
        append(UInt32(content.count), to: &bytes)
        bytes += content
        bytes += [UInt8](repeating: 0, count: -content.count & 3)
    }

    private static func append(_ word: UInt32, to bytes: inout [UInt8]) {
        bytes += [0, 0, 0, 0]
        set(word, in: &bytes, at: bytes.count - 4)
    }

    private static func set(_ word: UInt32, in bytes: inout [UInt8], at offset: Int) {
        let word = word.littleEndianToNative
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt32(index))) }
    }
}

extension UInt32 {
    /// Of a number put together from its lowest byte on, what it is in this machine's order; and back.
    fileprivate var littleEndianToNative: UInt32 { UInt32(littleEndian: self) }
}
