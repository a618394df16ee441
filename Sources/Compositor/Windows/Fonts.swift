internal import Pixels
internal import Synchronization

/// The fonts that the compositor writes with, kept: opening one reads files. Any thread can have something drawn.
final class Fonts: Sendable {
    /// A line of text that is to be drawn.
    struct Line: Sendable {
        var text: String
        /// As 0xRRGGBB.
        var color: UInt32
        /// The font's size, in pixels.
        var fontPixels: Int
        /// In pixels; the text is in the middle.
        var height: Int
        /// Characters that don't fit into so many pixels are left out.
        var widthLimit: Int

        /// How many bytes its picture has at most.
        var byteLimit: Int { widthLimit * height * 4 }
    }

    /// Pixels that can be drawn onto anything.
    struct Picture: Sendable {
        let bytes: [UInt8]
        let layout: PixelLayout
    }

    /// After so many different characters a font is opened anew, so that no client can fill the memory with pictures of
    /// them.
    private static let characterLimit = 2_048

    /// Without serifs, by size in pixels; nil where the system has none.
    private let typefaces = Mutex<[Int: Typeface?]>([:])

    /// Draws a line, as wide as its text; nil where the system has no fonts, or nothing is to be seen.
    func draw(_ line: Line) -> Picture? {
        typefaces.withLock { typefaces in
            guard let typeface = Self.typeface(line.fontPixels, &typefaces) else { return nil }
            let width = typeface.width(of: line.text, upTo: line.widthLimit)
            let size = Size(width: width, height: line.height)
            guard let layout = PixelLayout(size: size, stride: width * 4, format: .argb8888) else { return nil }
            var bytes = [UInt8](repeating: 0, count: layout.byteCount)
            unsafe bytes.withUnsafeMutableBytes { buffer in
                var target = unsafe buffer.mutableBytes
                typeface.draw(
                    line.text,
                    color: line.color,
                    onto: &target,
                    layout,
                    at: Point(x: 0, y: (line.height - typeface.lineHeight) / 2),
                    upTo: width
                )
            }
            return Picture(bytes: bytes, layout: layout)
        }
    }

    private static func typeface(_ pixels: Int, _ typefaces: inout [Int: Typeface?]) -> Typeface? {
        if let known = typefaces[pixels], known?.characterCount ?? 0 < characterLimit { return known }
        // The library gives out a font again as long as it is open anywhere, with all its pictures.
        typefaces[pixels] = nil
        let typeface = Typeface(name: "sans", pixels: pixels)
        typefaces[pixels] = typeface
        return typeface
    }
}
