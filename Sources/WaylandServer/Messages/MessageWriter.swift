public import SharedMemory
public import WaylandWire

/// The arguments of an event, appended in their order. For generated code.
///
/// The whole event is dropped where an object in it is gone, belongs to another client, or is missing; where it would
/// be longer than ``limit``; or where a descriptor can't be duplicated.
///
/// Source: the Wayland protocol, "Wire Format". Padding is zero.
public struct MessageWriter: ~Copyable {
    /// The longest event in bytes, with its header: libwayland's clients end themselves at a longer one.
    public static let limit = 4_096
    /// The most descriptors in an event, and in a sendmsg(2): more of them end libwayland's clients.
    static let descriptorLimit = 28

    /// What keeps an event from being sent.
    enum Obstacle {
        case missingObject, foreignObject, noDescriptor(SystemError)
    }

    /// All that waits to be sent, and the event at its end.
    var words: [UInt32]
    var descriptors: [OutgoingDescriptor] = []
    var obstacle: Obstacle?
    private unowned(unsafe) let client: Client

    @inline(__always)
    init(after words: consuming [UInt32], client: Client) {
        self.words = words
        unsafe self.client = client
    }

    /// Appends a `uint`.
    @inline(__always)
    public mutating func uint(_ value: UInt32) { words.append(value) }

    /// Appends an `int`.
    @inline(__always)
    public mutating func int(_ value: Int32) { words.append(UInt32(bitPattern: value)) }

    /// Appends a `fixed`.
    @inline(__always)
    public mutating func fixed(_ value: Fixed) { int(value.rawValue) }

    /// Appends a string, up to its first NUL, or null.
    public mutating func string(_ value: String?) {
        guard let value else { return uint(0) }
        let bytes = value.utf8.prefix { $0 != 0 }
        uint(UInt32(truncatingIfNeeded: bytes.count + 1))
        append(bytes, isTerminated: true)
    }

    /// Appends an array.
    public mutating func array(_ value: WireArray) {
        uint(UInt32(truncatingIfNeeded: value.bytes.count))
        append(value.bytes, isTerminated: false)
    }

    /// Appends bytes in the machine's order, and zeros up to a whole word; at least one for a string.
    private mutating func append(_ bytes: some Collection<UInt8>, isTerminated: Bool) {
        var (word, shift): (UInt32, UInt32) = (0, 0)
        // What is too long isn't sent, so the rest doesn't matter.
        for byte in bytes.prefix(Self.limit) {
            word |= UInt32(byte) << shift
            shift += 8
            if shift == 32 {
                words.append(UInt32(littleEndian: word))
                (word, shift) = (0, 0)
            }
        }
        if shift > 0 || isTerminated { words.append(UInt32(littleEndian: word)) }
    }

    /// Appends an object that must exist, or a new one.
    public mutating func object(_ object: Resource) {
        if !object.isAlive { obstacle = .missingObject }
        append(object)
    }

    /// Appends an object, or null.
    public mutating func optionalObject(_ object: Resource?) {
        guard let object, object.isAlive else { return uint(0) }
        append(object)
    }

    private mutating func append(_ object: Resource) {
        if unsafe object.client !== client { obstacle = .foreignObject }
        uint(object.id)
    }

    /// Appends a copy of a descriptor.
    public mutating func descriptor(_ descriptor: borrowing Descriptor) {
        do throws(SystemError) {
            descriptors.append(OutgoingDescriptor(try descriptor.duplicate()))
        } catch {
            obstacle = .noDescriptor(error)
        }
    }
}

/// A descriptor on its way to a client.
final class OutgoingDescriptor {
    let descriptor: Descriptor
    /// Where its event begins, in bytes from the start of what waits.
    var position = 0

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
