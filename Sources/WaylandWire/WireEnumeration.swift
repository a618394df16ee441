/// A protocol's enumeration as a Swift enum.
///
/// The other side may send any 32 bits, so every such enum has a case for values that its description doesn't name:
/// a `switch` over it can't forget them.
public protocol WireEnumeration: RawRepresentable, Hashable, Sendable where RawValue == UInt32 {
    /// The value with this number.
    init(rawValue: UInt32)
}

extension WireEnumeration {
    /// The value that an argument of type `int` carries.
    public init(_ number: Int32) {
        self.init(rawValue: UInt32(bitPattern: number))
    }
}

/// An interface's `error` enumeration: the codes that end a client which broke that interface's rules.
public protocol WireError: WireEnumeration {}
