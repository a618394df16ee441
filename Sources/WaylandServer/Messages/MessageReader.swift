public import SharedMemory
public import WaylandWire

/// The arguments of a request, read in their order from where they arrived. For generated code.
///
/// This is the second of three places with unsafe code at heart; what makes it sound: the reader is made for one
/// request, over words that stay where they are for that long, and can be neither copied nor kept. Each read checks
/// that its words are there; the first argument that isn't as its description says ends the client.
///
/// Source: the Wayland protocol, "Wire Format". As in libwayland, words behind the last argument are ignored, and so
/// is what stands in padding.
@safe
public struct MessageReader: ~Copyable {
    private var at: UnsafePointer<UInt32>
    private let end: UnsafePointer<UInt32>
    // A strong reference would be counted up and down for each request.
    private unowned(unsafe) let client: Client

    /// Reads `count` words of a request of `client`.
    @inline(__always)
    init(_ words: UnsafePointer<UInt32>, count: Int, client: Client) {
        unsafe at = words
        unsafe end = words + count
        unsafe self.client = client
    }

    @inline(never)
    private func invalid() -> ProtocolError { .invalidArguments }

    /// A `uint`.
    @inline(__always)
    public mutating func uint() throws(ProtocolError) -> UInt32 {
        guard unsafe at < end else { throw invalid() }
        defer { unsafe at += 1 }
        return unsafe at.pointee
    }

    /// An `int`.
    @inline(__always)
    public mutating func int() throws(ProtocolError) -> Int32 { Int32(bitPattern: try uint()) }

    /// A `fixed`.
    @inline(__always)
    public mutating func fixed() throws(ProtocolError) -> Fixed { Fixed(rawValue: try int()) }

    /// A string. In one that isn't UTF-8, bytes are replaced that aren't, and what stands behind the 4,096th is left
    /// out: to repair megabytes would take long.
    public mutating func string() throws(ProtocolError) -> String {
        guard let text = try optionalString() else { throw invalid() }
        return text
    }

    /// A string, or null. It ends at its first NUL, as C strings do.
    public mutating func optionalString() throws(ProtocolError) -> String? {
        let length = Int(try uint())
        if length == 0 { return nil }
        let bytes = unsafe try take(length)
        guard unsafe bytes[length - 1] == 0 else { throw invalid() }
        let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.firstIndex(of: 0) ?? 0)])
        if let valid = unsafe String(validating: text, as: UTF8.self) { return valid }
        return unsafe String(decoding: text.prefix(4_096), as: UTF8.self)
    }

    /// An array.
    public mutating func array() throws(ProtocolError) -> WireArray {
        let length = Int(try uint())
        return unsafe WireArray(bytes: Array(try take(length)))
    }

    /// So many bytes, and their padding.
    private mutating func take(_ length: Int) throws(ProtocolError) -> UnsafeRawBufferPointer {
        let words = (length + 3) / 4
        guard unsafe words <= end - at else { throw invalid() }
        defer { unsafe at += words }
        return unsafe UnsafeRawBufferPointer(start: at, count: length)
    }

    /// An object of exactly this interface.
    @inline(__always)
    public mutating func object<Object: Resource>(_ type: Object.Type) throws(ProtocolError) -> Object {
        guard let object = try optionalObject(type) else { throw invalid() }
        return object
    }

    /// An object of exactly this interface, or null.
    @inline(__always)
    public mutating func optionalObject<Object: Resource>(_ type: Object.Type) throws(ProtocolError) -> Object? {
        let id = try uint()
        if id == 0 { return nil }
        // Each interface has one class, which is final.
        guard let object = unsafe client.object(id), Swift.type(of: object) == type else { throw invalid() }
        return unsafe unsafeDowncast(object, to: type)
    }

    /// An object of any interface.
    public mutating func anyObject() throws(ProtocolError) -> Resource {
        guard let object = try optionalAnyObject() else { throw invalid() }
        return object
    }

    /// An object of any interface, or null.
    public mutating func optionalAnyObject() throws(ProtocolError) -> Resource? {
        let id = try uint()
        if id == 0 { return nil }
        guard let object = unsafe client.object(id) else { throw invalid() }
        return object
    }

    /// The number of a new object, set aside for it.
    @inline(__always)
    public mutating func newID() throws(ProtocolError) -> UInt32 {
        let id = try uint()
        guard unsafe client.reserve(id) else { throw invalid() }
        return id
    }

    /// A descriptor: the one that came first and wasn't taken yet.
    public mutating func descriptor() throws(ProtocolError) -> Descriptor {
        guard let descriptor = unsafe client.takeDescriptor() else { throw invalid() }
        return descriptor
    }
}
