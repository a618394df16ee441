internal import CLinux
internal import Glibc

/// Messages as lines of text, in the form in which libwayland writes them with WAYLAND_DEBUG=server, so that tools for
/// that read them:
///
///     [1234567.890] wl_surface@7.damage_buffer(0, 0, 640, 480)
///     [1234567.891]  -> wl_display@1.delete_id(9)
final class MessageTrace {
    private let output: (String) -> Void

    /// Hands lines, without a line break, to `output`.
    init(_ output: @escaping (String) -> Void) { self.output = output }

    /// Whether the environment asks for it.
    static var isWanted: Bool {
        guard let value = unsafe getenv("WAYLAND_DEBUG").map({ unsafe String(cString: $0) }) else { return false }
        return value.contains("1") || value.contains("server")
    }

    /// To the standard error stream.
    static func onStandardError() -> MessageTrace {
        MessageTrace { line in
            let line = line + "\n"
            _ = unsafe Glibc.write(STDERR_FILENO, line, line.utf8.count)
        }
    }

    /// A whole request that has come, before it is handled; one whose arguments aren't right isn't written.
    func write(request words: [UInt32], of object: Resource, descriptors: [CInt]) {
        let interface = type(of: object).interface
        let opcode = Int(words[1] & 0xffff)
        guard opcode < interface.requests.count else { return }
        write(words[...], interface, interface.requests[opcode], "", descriptors, object.client)
    }

    /// An event that was queued, at the start of `words`.
    func write(event words: ArraySlice<UInt32>, of interface: Interface, to client: Client) {
        let opcode = Int(words[words.startIndex + 1] & 0xffff)
        write(words, interface, interface.events[opcode], " -> ", [], client)
    }

    private func write(
        _ words: ArraySlice<UInt32>,
        _ interface: Interface,
        _ message: Interface.Message,
        _ arrow: String,
        _ descriptors: [CInt],
        _ client: Client
    ) {
        var cursor = Cursor(words: words.dropFirst(2), client: client, descriptors: descriptors[...])
        cursor.newObjects = message.newObjects[...]
        var texts: [String] = []
        for letter in message.signature where letter.isLetter {
            guard let text = cursor.text(of: letter) else { return }
            texts.append(text)
        }
        let name = "\(interface.name)@\(words.first!).\(message.name)"
        output("\(Self.time()) \(arrow)\(name)(\(texts.joined(separator: ", ")))")
    }

    /// The wall clock in milliseconds, of which 32 bits of microseconds are kept.
    private static func time() -> String {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let microseconds = UInt32(truncatingIfNeeded: now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)
        let (whole, part) = ("\(microseconds / 1_000)", "\(microseconds % 1_000)")
        let pad = String(repeating: " ", count: max(0, 7 - whole.count))
        return "[\(pad)\(whole).\(String(repeating: "0", count: 3 - part.count))\(part)]"
    }

    private struct Cursor {
        var words: ArraySlice<UInt32>
        let client: Client
        var descriptors: ArraySlice<CInt>
        var newObjects: ArraySlice<String> = []

        mutating func text(of letter: Character) -> String? {
            if letter == "h" { return "fd \(descriptors.popFirst() ?? -1)" }
            guard let word = words.popFirst() else { return nil }
            switch letter {
            case "i": return "\(Int32(bitPattern: word))"
            case "f": return Self.fixed(Int32(bitPattern: word))
            case "o": return word == 0 ? "nil" : client.object(word).map(Self.name) ?? "[unknown]@\(word)"
            case "n":
                return "new id \(newObjects.popFirst() ?? "[unknown]")@" + (word == 0 ? "nil" : "\(word)")
            case "s":
                guard word > 0 else { return "nil" }
                guard let bytes = take(word) else { return nil }
                return "\"\(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))\""
            case "a": return take(word).map { "array[\($0.count)]" }
            default: return "\(word)"
            }
        }

        private mutating func take(_ count: UInt32) -> [UInt8]? {
            let needed = (Int(count) + 3) / 4
            guard needed <= words.count else { return nil }
            let bytes = words.prefix(needed).flatMap { word in
                [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word.littleEndian >> $0) }
            }
            words.removeFirst(needed)
            return Array(bytes.prefix(Int(count)))
        }

        private static func name(_ object: Resource) -> String { "\(type(of: object).interface.name)@\(object.id)" }

        /// With all of its digits, of which there are eight.
        private static func fixed(_ value: Int32) -> String {
            let magnitude = value.magnitude
            let part = "\(390_625 * (magnitude % 256))"
            let sign = value < 0 ? "-" : ""
            return "\(sign)\(magnitude / 256).\(String(repeating: "0", count: 8 - part.count))\(part)"
        }
    }
}
