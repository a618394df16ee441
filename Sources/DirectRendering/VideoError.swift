public import SharedMemory

/// Why a V4L2 device converts or encodes nothing.
public enum VideoError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A request to the device failed.
    case request(DeviceError)
    /// The device doesn't turn pictures in memory into others.
    case notMemoryToMemory(device: String, card: String)
    /// The device has none of the wanted formats; those that it has, by their names of four letters.
    case noFormat(device: String, direction: VideoDevice.Direction, wanted: [String], offered: [String])
    /// The device makes something else of a format: each in words.
    case otherLayout(device: String, wanted: String, made: String)
    /// The device doesn't read memory of this kind, or not this memory.
    case refusedMemory(device: String, isDMABuffer: Bool, errno: Errno)
    /// The device would read or write `needed` bytes of a plane's memory, which has `size`.
    case shortMemory(device: String, needed: Int, size: Int)
    /// All buffers that the device fills are held.
    case allHeld(device: String, count: Int)
    /// The device said that what it made is damaged.
    case damaged(device: String)
    /// The device took a picture and didn't answer in time. Nothing more is asked of it.
    case noAnswer(device: String, milliseconds: Int)
    /// Nothing more is taken: the end was asked for.
    case ended(device: String)

    /// What is in the way, and what could help.
    public var description: String {
        switch self {
        case .request(let error): "\(error)"
        case .notMemoryToMemory(let device, let card):
            "\(device) (\(card)) doesn't convert pictures in memory; 'v4l2-ctl --list-devices' lists what there is"
        case .noFormat(let device, let direction, let wanted, let offered):
            """
            \(device) \(direction == .output ? "takes" : "gives") none of \(wanted.joined(separator: ", ")); it \
            \(direction == .output ? "takes" : "gives") \(offered.isEmpty ? "nothing" : offered.joined(separator: ", "))
            """
        case .otherLayout(let device, let wanted, let made): "\(device) makes \(made) of \(wanted)"
        case .refusedMemory(let device, let isDMABuffer, let errno):
            """
            \(device) doesn't read \(isDMABuffer ? "this dma-buf (DMABUF" : "mapped memory (USERPTR"): \(errno)); a \
            device without an IOMMU reads only what is in one piece
            """
        case .shortMemory(let device, let needed, let size):
            "\(device) needs \(needed) bytes for a plane whose memory has \(size)"
        case .allHeld(let device, let count): "all \(count) buffers of \(device) are held"
        case .damaged(let device): "\(device) couldn't make a whole picture"
        case .noAnswer(let device, let milliseconds): "\(device) didn't answer within \(milliseconds) ms"
        case .ended(let device): "\(device) was told that no picture follows"
        }
    }
}

/// Runs requests to a device.
func asking<Result: ~Copyable>(_ body: () throws(DeviceError) -> Result) throws(VideoError) -> Result {
    do throws(DeviceError) { return try body() } catch { throw .request(error) }
}

/// V4L2's and DRM's codes of four letters.
public enum FourCC {
    /// The code of a name, as `XR24`; shorter ones are filled up with spaces, and nil is for what is no name.
    public static func code(_ name: String) -> UInt32? {
        guard (1...4).contains(name.utf8.count), name.utf8.allSatisfy({ 0x20..<0x7f ~= $0 }) else { return nil }
        let letters = Array(name.utf8) + Array(repeating: UInt8(ascii: " "), count: 4 - name.utf8.count)
        return letters.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The name of a code, without spaces at its end; hexadecimal for what isn't letters.
    public static func name(_ code: UInt32) -> String {
        let letters = (0..<4).map { UInt8(truncatingIfNeeded: code >> ($0 * 8)) }
        guard letters.allSatisfy({ 0x20..<0x7f ~= $0 }) else { return "0x" + String(code, radix: 16) }
        let length = letters.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? 0
        return String(decoding: letters[..<length], as: UTF8.self)
    }
}
