internal import Pixels

/// The pictures on a title bar's buttons: lines in a square.
enum FrameIcon: CaseIterable {
    case minimize, maximize, close

    /// From where to where they go, in parts of the square's side.
    private var lines: [(from: (Double, Double), to: (Double, Double))] {
        let (low, high) = (0.32, 0.68)
        return switch self {
        case .minimize: [((low, high), (high, high))]
        case .maximize:
            [
                ((low, low), (high, low)), ((high, low), (high, high)),
                ((high, high), (low, high)), ((low, high), (low, low)),
            ]
        case .close: [((low, low), (high, high)), ((low, high), (high, low))]
        }
    }

    /// Premultiplied ARGB8888 with a side of so many pixels, in a colour, 0xRRGGBB.
    func pixels(side: Int, color: UInt32) -> PixelRows? {
        guard let layout = PixelLayout(size: Size(width: side, height: side), stride: side * 4, format: .argb8888)
        else {
            return nil
        }
        // In the middle of pixels, where upright lines are sharp.
        func pixel(_ part: Double) -> Double { (part * Double(side)).rounded(.down) + 0.5 }
        let lines = lines.map { line in
            (from: (pixel(line.from.0), pixel(line.from.1)), to: (pixel(line.to.0), pixel(line.to.1)))
        }
        let half = max(0.5, Double(side) / 44)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(layout.byteCount)
        for y in 0..<side {
            for x in 0..<side {
                let place = (Double(x) + 0.5, Double(y) + 0.5)
                var coverage = 0.0
                for line in lines {
                    let from = line.from
                    let way = (line.to.0 - from.0, line.to.1 - from.1)
                    let along = (place.0 - from.0) * way.0 + (place.1 - from.1) * way.1
                    let part = max(0, min(1, along / (way.0 * way.0 + way.1 * way.1)))
                    let (dx, dy) = (place.0 - from.0 - part * way.0, place.1 - from.1 - part * way.1)
                    coverage = max(coverage, min(1, half + 0.5 - (dx * dx + dy * dy).squareRoot()))
                }
                for shift in [0, 8, 16] { bytes.append(UInt8(Double(color >> UInt32(shift) & 0xff) * coverage)) }
                bytes.append(UInt8(255 * coverage))
            }
        }
        return PixelRows(.bytes(bytes), layout)
    }
}

/// Those that were drawn already.
final class FrameIcons {
    private struct Key: Hashable {
        let icon: FrameIcon
        let side: Int
        let color: UInt32
    }

    private var drawn: [Key: PixelRows] = [:]
    /// Few sizes are in use at a time.
    private static let limit = 24

    /// A picture with a side of so many pixels.
    func picture(of icon: FrameIcon, side: Int, color: UInt32) -> PixelRows? {
        let key = Key(icon: icon, side: side, color: color)
        if let known = drawn[key] { return known }
        if drawn.count >= Self.limit { drawn = [:] }
        drawn[key] = icon.pixels(side: side, color: color)
        return drawn[key]
    }
}
