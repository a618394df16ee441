public import CWaylandUtil
internal import Glibc
public import WaylandWire

/// The arguments of a message on its way out, as libwayland wants them.
///
/// Generated code appends them in wire order; strings and arrays are copied and live until the message was handed to
/// libwayland, which copies them again.
@safe
public struct OutgoingMessage: ~Copyable {
    private let arguments: UnsafeMutableBufferPointer<wl_argument>
    private var count = 0
    private var copies: [UnsafeMutableRawPointer] = unsafe []
    /// False once an argument that must be an object turned out to be none: the message can't be sent.
    private var isComplete = true

    private init(_ arguments: UnsafeMutableBufferPointer<wl_argument>) {
        unsafe self.arguments = unsafe arguments
    }

    deinit {
        for index in unsafe copies.indices { unsafe free(copies[index]) }
    }

    /// Lets `build` append the arguments, then hands them to `send`, unless a required object is gone.
    ///
    /// Returns what `send` returns: the object that libwayland made for the message, if it makes one. (Not generic, as
    /// it is called across modules, and metadata for a result's type would be looked up each time.)
    public static func compose(
        _ build: (inout OutgoingMessage) -> Void,
        send: (UnsafeMutablePointer<wl_argument>?) -> OpaquePointer?
    ) -> ObjectHandle? {
        // libwayland's own maximum, WL_CLOSURE_MAX_ARGS.
        unsafe withUnsafeTemporaryAllocation(of: wl_argument.self, capacity: 20) { buffer in
            var message = unsafe OutgoingMessage(buffer)
            build(&message)
            return unsafe message.isComplete ? ObjectHandle(send(buffer.baseAddress)) : nil
        }
    }

    private mutating func append(_ argument: wl_argument) {
        unsafe arguments.initializeElement(at: count, to: argument)
        count += 1
    }

    /// Appends an `int`.
    public mutating func int(_ value: Int32) { unsafe append(wl_argument(i: value)) }

    /// Appends a `uint`.
    public mutating func uint(_ value: UInt32) { unsafe append(wl_argument(u: value)) }

    /// Appends a `fixed`.
    public mutating func fixed(_ value: Fixed) { unsafe append(wl_argument(f: value.rawValue)) }

    /// Appends a descriptor, which libwayland duplicates.
    public mutating func descriptor(_ number: CInt) { unsafe append(wl_argument(h: number)) }

    /// Appends an object that must exist.
    public mutating func object(_ handle: ObjectHandle?) {
        if handle == nil { isComplete = false }
        unsafe append(wl_argument(o: handle?.pointer))
    }

    /// Appends an object, or null.
    public mutating func optionalObject(_ handle: ObjectHandle?) { unsafe append(wl_argument(o: handle?.pointer)) }

    /// Appends the place of an id that libwayland assigns.
    public mutating func newID() { unsafe append(wl_argument(n: 0)) }

    /// Appends a string, or null.
    public mutating func string(_ value: String?) {
        guard let value else { return unsafe append(wl_argument(s: nil)) }
        let copy = unsafe strdup(value)!
        unsafe copies.append(copy)
        unsafe append(wl_argument(s: copy))
    }

    /// Appends an array.
    public mutating func array(_ value: WireArray) {
        let header = unsafe MemoryLayout<wl_array>.size
        let memory = unsafe malloc(header + value.bytes.count)!
        unsafe copies.append(memory)
        unsafe (memory + header).copyMemory(from: value.bytes, byteCount: value.bytes.count)
        let array = unsafe memory.bindMemory(to: wl_array.self, capacity: 1)
        unsafe array.initialize(to: wl_array(size: value.bytes.count, alloc: value.bytes.count, data: memory + header))
        unsafe append(wl_argument(a: array))
    }
}
