public import CWaylandUtil
public import SharedMemory
public import WaylandWire

/// The arguments of a message that arrived, typed as its description says.
///
/// libwayland has checked them against the interface table: as many as the signature has, strings terminated, objects
/// of the right interface. A descriptor belongs to whoever takes it; generated code takes every one, first thing.
@safe
public struct IncomingArguments {
    private let base: UnsafeMutablePointer<wl_argument>

    /// Wraps what libwayland hands to a dispatcher.
    public init(_ base: UnsafeMutablePointer<wl_argument>) {
        unsafe self.base = unsafe base
    }

    /// An `int`.
    public func int(_ index: Int) -> Int32 { unsafe base[index].i }

    /// A `uint`, or the number of a new object.
    public func uint(_ index: Int) -> UInt32 { unsafe base[index].u }

    /// A `fixed`.
    public func fixed(_ index: Int) -> Fixed { unsafe Fixed(rawValue: base[index].f) }

    /// A string; bytes that aren't UTF-8 are replaced.
    public func string(_ index: Int) -> String { unsafe String(cString: base[index].s) }

    /// A string, or null.
    public func optionalString(_ index: Int) -> String? { unsafe base[index].s.map { unsafe String(cString: $0) } }

    /// An array.
    public func array(_ index: Int) -> WireArray {
        let array = unsafe base[index].a.pointee
        return unsafe WireArray(bytes: Array(UnsafeRawBufferPointer(start: array.data, count: array.size)))
    }

    /// libwayland's handle of an object, or null.
    public func object(_ index: Int) -> ObjectHandle? { unsafe ObjectHandle(base[index].o) }

    /// A descriptor. To be called once for each, as the result owns it.
    public func descriptor(_ index: Int) -> Descriptor { unsafe Descriptor(owning: base[index].h) }
}
