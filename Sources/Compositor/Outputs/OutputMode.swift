/// Size, rate and scale of an output, as `--output WxH[@HZ][*SCALE]` gives them.
public struct OutputMode: Equatable, Sendable {
    /// Width in pixels.
    public var width: Int
    /// Height in pixels.
    public var height: Int
    /// Frames in a thousand seconds, as wl_output.mode has it.
    public var refresh: Int
    /// Pixels for each unit of surface coordinates.
    public var scale: Int

    /// A mode; 1920x1080@60*1 by default.
    public init(width: Int = 1_920, height: Int = 1_080, refresh: Int = 60_000, scale: Int = 1) {
        self.width = width
        self.height = height
        self.refresh = refresh
        self.scale = scale
    }

    /// Reads `WxH[@HZ][*SCALE]`; nil where that isn't what the text is, or a number is out of reach: 1 to 16,384
    /// pixels, up to 1,000 Hz with three decimals, scale 1 to 8.
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
            guard let scale = Int(rest) else { return nil }
            self.scale = scale
        }
        guard (1...16_384).contains(width), (1...16_384).contains(height), (1...8).contains(scale) else { return nil }
    }
}
