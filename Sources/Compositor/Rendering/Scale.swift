/// How many pixels an output has for each unit of surface coordinates, in 120ths, as wp_fractional_scale_v1 counts.
public struct Scale: Hashable, Comparable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    CustomStringConvertible
{
    /// A hundred and twenty times as much.
    public let in120ths: Int

    /// A scale of `in120ths`/120.
    public init(in120ths: Int) {
        precondition(in120ths > 0, "a scale is more than nothing")
        self.in120ths = in120ths
    }

    /// The nearest scale that there is to a number; nil where that is none from an eighth to 8.
    public init?(_ number: Double) {
        guard number.isFinite, (0.125...8).contains(number) else { return nil }
        in120ths = Int((number * 120).rounded())
    }

    /// A whole one.
    public init(integerLiteral value: Int) { self.init(in120ths: value * 120) }

    /// The nearest one.
    public init(floatLiteral value: Double) { self.init(in120ths: Int((value * 120).rounded())) }

    /// As wl_output.scale has it, which knows whole numbers only: clients draw that large, and are scaled down.
    public var roundedUp: Int { (in120ths + 119) / 120 }

    /// As in "1.25".
    public var description: String {
        let number = Double(in120ths) / 120
        let hundredths = (number * 100).rounded() / 100
        return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
    }

    /// By size.
    public static func < (left: Scale, right: Scale) -> Bool { left.in120ths < right.in120ths }

    /// A length in surface coordinates as pixels, to the nearest, and away from zero where two are as near.
    func pixels(_ length: Int) -> Int {
        // Nothing that far away is seen, and clients' numbers may add up to anything.
        let magnitude = min(length.magnitude, 1 << 40)
        let (quotient, rest) = (magnitude * UInt(in120ths)).quotientAndRemainder(dividingBy: 120)
        let result = Int(quotient + (rest >= 60 ? 1 : 0))
        return length < 0 ? -result : result
    }

    /// The units of surface coordinates that so many pixels reach into.
    func units(_ pixels: Int) -> Int { (pixels * 120 + in120ths - 1) / in120ths }

    /// The units of surface coordinates before so many pixels, without the one that they begin in.
    func wholeUnits(_ pixels: Int) -> Int { Int((Double(pixels) * 120 / Double(in120ths)).rounded(.down)) }
}
