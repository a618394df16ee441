/// A signed 24.8 fixed-point number, the wire's `fixed` type.
///
/// Source: the Wayland protocol, "Wire Format".
public struct Fixed: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number times 256.
    public var rawValue: Int32

    /// The number whose 256-fold is `rawValue`.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The nearest representable number; values beyond ±8,388,608 become the outermost ones.
    public init(_ value: Double) {
        let scaled = (value * 256).rounded()
        rawValue = scaled.isNaN ? 0 : Int32(max(Double(Int32.min), min(Double(Int32.max), scaled)))
    }

    /// The same number, exactly.
    public var doubleValue: Double { Double(rawValue) / 256 }

    /// Orders by value.
    public static func < (left: Fixed, right: Fixed) -> Bool { left.rawValue < right.rawValue }

    /// As a decimal number.
    public var description: String { "\(doubleValue)" }
}
