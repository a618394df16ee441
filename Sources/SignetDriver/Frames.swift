internal import CPNG
internal import WaylandClient

/// A picture: three bytes a pixel, red first, row by row from the top, without gaps.
public struct Picture: Sendable {
    /// Its width in pixels.
    public let width: Int
    /// Its height in pixels.
    public let height: Int
    /// The pixels.
    public let rgb: [UInt8]

    /// Pixels of four bytes, blue first, the last of which means nothing, with `stride` bytes from one row to the next.
    package init(xrgb bytes: RawSpan, width: Int, height: Int, stride: Int) {
        precondition(height == 0 || bytes.byteCount >= stride * (height - 1) + width * 4)
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                let pixel = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: y * stride + x * 4, as: UInt32.self)
                rgb.append(UInt8(truncatingIfNeeded: pixel >> 16))
                rgb.append(UInt8(truncatingIfNeeded: pixel >> 8))
                rgb.append(UInt8(truncatingIfNeeded: pixel))
            }
        }
        (self.width, self.height, self.rgb) = (width, height, rgb)
    }

    package init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(rgb.count == width * height * 3)
        (self.width, self.height, self.rgb) = (width, height, rgb)
    }

    /// The picture as a PNG file's content; empty where there is no memory for it.
    public var png: [UInt8] {
        var size = 0
        let (width, height) = (UInt32(width), UInt32(height))
        guard unsafe signet_png_encode(width, height, rgb, nil, &size) != 0 else { return [] }
        var file = [UInt8](repeating: 0, count: size)
        guard unsafe signet_png_encode(width, height, rgb, &file, &size) != 0 else { return [] }
        return Array(file.prefix(size))
    }

    /// A part of it, as far as it has that.
    func cropped(to area: PixelArea) -> Picture {
        let (left, top) = (min(max(area.x, 0), width), min(max(area.y, 0), height))
        let (right, bottom) = (min(max(area.x + area.width, left), width), min(max(area.y + area.height, top), height))
        var part: [UInt8] = []
        part.reserveCapacity((right - left) * (bottom - top) * 3)
        for y in top..<bottom { part += rgb[(y * width + left) * 3..<(y * width + right) * 3] }
        return Picture(width: right - left, height: bottom - top, rgb: part)
    }
}

/// A rectangle of an output's pixels, as in its pictures.
public struct PixelArea: Hashable, Sendable {
    /// From the left.
    public var x: Int
    /// From the top.
    public var y: Int
    /// Its width.
    public var width: Int
    /// Its height.
    public var height: Int

    /// A rectangle.
    public init(x: Int, y: Int, width: Int, height: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// From its left edge to its right one.
    package var columns: Range<Int> { x..<x + width }
    /// From its top edge to its bottom one.
    package var rows: Range<Int> { y..<y + height }

    /// From a text like `10,20,300,200`; nil where it isn't one, or has no pixels.
    public init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
        guard numbers.count == 4, !numbers.contains(nil) else { return nil }
        let all = numbers.map { Int($0!) }
        guard all[2] > 0, all[3] > 0 else { return nil }
        self.init(x: all[0], y: all[1], width: all[2], height: all[3])
    }
}

extension PixelArea {
    func contains(_ x: Int, _ y: Int) -> Bool { columns.contains(x) && rows.contains(y) }
}

extension Driver {
    /// What an output shows: the one with a name, or the first.
    public func picture(of name: String? = nil) throws(DriverError) -> Picture {
        try picture(of: try output(name))
    }

    /// What an output shows.
    public func picture(of output: DriverOutput) throws(DriverError) -> Picture {
        let reader = try frames(of: output)
        reader.ask()
        try wait { reader.isAnswered }
        guard let frame = try reader.take() else { throw .refused("there is no frame") }
        return try frame.picture()
    }

    /// What an output shows where a window is, without its title bar. What is in front of it is in the picture; see
    /// ``activate(_:)``.
    public func picture(of window: DriverWindow) throws(DriverError) -> Picture {
        let (output, area) = try place(of: window)
        let picture = try picture(of: output).cropped(to: area)
        guard picture.width > 0, picture.height > 0 else {
            throw .noMatch("no output shows '\(window.title)'; 'signet move' brings it back, or 'signet activate'")
        }
        return picture
    }

    /// Somebody who reads an output's frames.
    package func frames(of output: DriverOutput) throws(DriverError) -> FrameReader {
        guard let capture else {
            throw .missing(
                "the compositor doesn't offer sealed-frame-v1 to this user; it has to be signet, run by the same one"
            )
        }
        return FrameReader(capture, of: output.proxy)
    }

    /// The output that shows most of a window, and where it is in its pictures.
    func place(of window: DriverWindow) throws(DriverError) -> (DriverOutput, PixelArea) {
        try update()
        let frame = window.frame
        func shown(_ output: DriverOutput) -> Int {
            let (width, height) = output.logicalSize
            let wide = min(frame.x + frame.width, output.x + width) - max(frame.x, output.x)
            let high = min(frame.y + frame.height, output.y + height) - max(frame.y, output.y)
            return max(wide, 0) * max(high, 0)
        }
        guard let output = outputs.max(by: { shown($0) < shown($1) }) else { throw .noMatch("there is no output") }
        let scale = output.scale
        func pixels(_ length: Int) -> Int { Int(min(max((Double(length) * scale).rounded(), -1e9), 1e9)) }
        let (left, top) = (pixels(frame.x - output.x), pixels(frame.y - output.y))
        let (right, bottom) = (pixels(frame.x + frame.width - output.x), pixels(frame.y + frame.height - output.y))
        return (output, PixelArea(x: left, y: top, width: right - left, height: bottom - top))
    }
}
