/// Bytes of an MP4 file, in the order of the network; ISO/IEC 14496-12, 4.2.
struct BoxWriter {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    mutating func write<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }

    mutating func write(_ content: some Sequence<UInt8>) { bytes += content }

    mutating func write(zeros count: Int) { bytes += [UInt8](repeating: 0, count: count) }

    mutating func replace(at offset: Int, with number: UInt32) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> UInt32(24 - index * 8)) }
    }

    /// A box with a name of four letters, around what `content` writes.
    mutating func box(_ name: StaticString, _ content: (inout BoxWriter) -> Void) {
        let start = bytes.count
        write(zeros: 4)
        precondition(name.utf8CodeUnitCount == 4)
        write("\(name)".utf8)
        content(&self)
        replace(at: start, with: UInt32(bytes.count - start))
    }

    /// A box that begins with a version and 24 flags; 4.2, FullBox.
    mutating func fullBox(
        _ name: StaticString,
        version: UInt32 = 0,
        flags: UInt32 = 0,
        _ content: (inout BoxWriter) -> Void
    ) {
        box(name) {
            $0.write(version << 24 | flags)
            content(&$0)
        }
    }
}
