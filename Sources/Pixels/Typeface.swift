internal import CFcft
internal import CPixman

/// One line of text, drawn with a font of the system's.
///
/// Glyphs come from fcft, which has them from FreeType, by the font that fontconfig thinks best. A character that no
/// font has, and every character where there is no font at all, is left out.
@safe
public final class Typeface {
    private let font: UnsafeMutablePointer<fcft_font>
    /// Pixels from one line to the next.
    public let lineHeight: Int
    /// Characters that were drawn; fcft keeps a picture of each for as long as the font is open.
    private var drawn: Set<UInt32> = []
    /// How many different characters were drawn so far. Whoever draws text of strangers opens the font anew when they
    /// are many.
    public var characterCount: Int { drawn.count }

    /// A font by its fontconfig name, at a size in pixels; nil where the system has none.
    public init?(name: String, pixels: Int) {
        _ = Self.library
        guard let font = unsafe signet_fcft_font(name, "pixelsize=\(pixels)") else { return nil }
        unsafe self.font = unsafe font
        lineHeight = unsafe Int(font.pointee.height)
    }

    deinit {
        unsafe fcft_destroy(font)
    }

    /// fcft is set up once, and says nothing itself.
    private static let library: Bool = fcft_init(FCFT_LOG_COLORIZE_NEVER, false, FCFT_LOG_CLASS_NONE)

    /// Pixels that `text` takes in a line, without the characters that begin behind `limit` or reach over it.
    public func width(of text: String, upTo limit: Int) -> Int {
        var width = 0
        unsafe forEachGlyph(of: text, from: 0, upTo: limit) { (glyph, x) in width = unsafe x + Int(glyph.advance.x) }
        return width
    }

    private func forEachGlyph(
        of text: String,
        from start: Int,
        upTo limit: Int,
        _ body: (fcft_glyph, _ x: Int) -> Void
    ) {
        var x = start
        for scalar in text.unicodeScalars where !scalar.properties.generalCategory.isInvisible {
            drawn.insert(scalar.value)
            guard let glyph = unsafe fcft_rasterize_char_utf32(font, scalar.value, FCFT_SUBPIXEL_NONE) else { continue }
            let width = unsafe Int(glyph.pointee.advance.x)
            guard x + width <= limit else { return }
            unsafe body(glyph.pointee, x)
            x += width
        }
    }

    /// Draws `text` into a target in ARGB8888, whose colours are multiplied by alpha, or XRGB8888, from `origin`, the
    /// top left corner of the line, up to `limit` on the right.
    public func draw(
        _ text: String,
        color: UInt32,
        onto target: inout MutableRawSpan,
        _ layout: PixelLayout,
        at origin: Point,
        upTo limit: Int
    ) {
        precondition(target.byteCount >= layout.byteCount, "the memory is smaller than its layout says")
        precondition([.argb8888, .xrgb8888].contains(layout.format), "text is drawn in ARGB8888 or XRGB8888")
        var paint = pixman_color_t(
            red: UInt16(color >> 16 & 0xff) * 257,
            green: UInt16(color >> 8 & 0xff) * 257,
            blue: UInt16(color & 0xff) * 257,
            alpha: 0xffff
        )
        unsafe target.withUnsafeMutableBytes { bytes in
            guard
                let canvas = unsafe pixman_image_create_bits_no_clear(
                    layout.format.hasAlpha ? PIXMAN_a8r8g8b8 : PIXMAN_x8r8g8b8,
                    CInt(layout.size.width),
                    CInt(layout.size.height),
                    bytes.baseAddress!.assumingMemoryBound(to: UInt32.self),
                    CInt(layout.stride)
                ), let brush = unsafe pixman_image_create_solid_fill(&paint)
            else { return }
            defer {
                unsafe pixman_image_unref(brush)
                unsafe pixman_image_unref(canvas)
            }
            let baseline = unsafe origin.y + Int(font.pointee.ascent)
            unsafe forEachGlyph(of: text, from: origin.x, upTo: limit) { (glyph, x) in
                unsafe draw(glyph, brush, onto: canvas, x, baseline)
            }
        }
    }

    private func draw(
        _ glyph: fcft_glyph,
        _ brush: OpaquePointer,
        onto canvas: OpaquePointer,
        _ x: Int,
        _ baseline: Int
    ) {
        // Emoji bring their own colours, other glyphs only a shape.
        let hasColors = unsafe pixman_image_get_format(glyph.pix) == PIXMAN_a8r8g8b8
        unsafe pixman_image_composite32(
            PIXMAN_OP_OVER,
            hasColors ? glyph.pix : brush,
            hasColors ? nil : glyph.pix,
            canvas,
            0,
            0,
            0,
            0,
            CInt(x) + glyph.x,
            CInt(baseline) - glyph.y,
            glyph.width,
            glyph.height
        )
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isInvisible: Bool { self == .control || self == .format || self == .surrogate }
}
