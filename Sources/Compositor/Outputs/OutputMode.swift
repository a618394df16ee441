internal import Pixels

/// Size, rate and scale of an output, as `--output WxH[@HZ][*SCALE]` gives them.
public struct OutputMode: Equatable, Sendable {
    /// Width in pixels.
    public var width: Int
    /// Height in pixels.
    public var height: Int
    /// Frames in a thousand seconds, as wl_output.mode has it.
    public var refresh: Int
    /// Pixels for each unit of surface coordinates.
    public var scale: Scale

    /// A mode; 1920x1080@60*1 by default.
    public init(width: Int = 1_920, height: Int = 1_080, refresh: Int = 60_000, scale: Scale = 1) {
        self.width = width
        self.height = height
        self.refresh = refresh
        self.scale = scale
    }

    /// Reads `WxH[@HZ][*SCALE]`; nil where that isn't what the text is, or a number is out of reach: 1 to 16,384
    /// pixels, up to 1,000 Hz with three decimals, scale 1 to 8, as 1.25 too.
    public init?(_ text: String) {
        var rest = text[...]
        func number(upTo separators: String) -> Substring {
            let end = rest.firstIndex { separators.contains($0) } ?? rest.endIndex
            defer { rest = rest[end...] }
            return rest[..<end]
        }
        guard let width = Int(number(upTo: "x")), rest.popFirst() == "x",
            let height = Int(number(upTo: "@*"))
        else { return nil }
        self.init(width: width, height: height)
        if rest.first == "@" {
            rest.removeFirst()
            guard let hertz = Double(number(upTo: "*")), hertz >= 0.001, hertz <= 1_000 else { return nil }
            refresh = Int((hertz * 1_000).rounded())
        }
        if rest.first == "*" {
            rest.removeFirst()
            let isNumber = rest.allSatisfy { $0 == "." || ("0"..."9").contains($0) }
            guard isNumber, let scale = Double(rest).flatMap({ Scale($0) }) else { return nil }
            self.scale = scale
        }
        guard Self.lengths.contains(width), Self.lengths.contains(height), Self.scales.contains(scale) else {
            return nil
        }
    }

    /// Pixels in each direction.
    static let lengths = 1...16_384
    /// Frames in a thousand seconds.
    static let refreshRates = 1...1_000_000
    /// Pixels for each unit.
    static let scales: ClosedRange<Scale> = 1...8

    /// In pixels.
    var size: Size { Size(width: width, height: height) }
}
