/// The wire's `array` type: bytes whose meaning the message's description gives, most often 32-bit numbers.
public struct WireArray: Hashable, Sendable {
    /// The content, as it travels.
    public var bytes: [UInt8]

    /// An array of these bytes.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// An array of integers in the machine's byte order, one behind the other.
    public init<Element: FixedWidthInteger>(of elements: [Element]) {
        bytes = unsafe elements.withUnsafeBytes { unsafe Array($0) }
    }

    /// The content as integers; bytes after the last whole one are left out.
    public func elements<Element: FixedWidthInteger>(as type: Element.Type) -> [Element] {
        let width = MemoryLayout<Element>.size
        return unsafe bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / width).map { unsafe buffer.loadUnaligned(fromByteOffset: $0 * width, as: type) }
        }
    }
}
