internal import CPixelKernels
internal import Glibc

extension NV12Layout {
    /// Luma and chroma of black.
    private static let black: (luma: Int32, chroma: Int32) = (16, 128)

    /// Converts a part of a picture in XRGB8888 to luma and chroma, each rounded to nearest, and chroma from the mean
    /// colour of two by two pixels. All other bytes of `target` stay as they are: converting what changed since the
    /// last frame makes the whole of this one.
    ///
    /// The corners at the top left of both pictures are the same. What is beyond the picture is cut off. Where the
    /// source ends, the picture is black, but that an odd row's or column's last pixels come twice. Numbers may be
    /// anything: only what is in the picture, in the source and in both pieces of memory is touched.
    ///
    /// - Parameters:
    ///   - part: what is converted, in pixels of the source. It grows to even numbers.
    ///   - source: rows of pixels. Of ARGB8888, which is multiplied by alpha, what it looks like on black is taken.
    ///   - target: ``byteCount`` bytes or more.
    /// - Returns: what was converted, in pixels; empty where nothing was.
    /// - Throws: where the memory is too small, or the source has another format.
    @discardableResult
    public func convert(
        _ part: Rectangle,
        of source: RawSpan,
        _ sourceLayout: PixelLayout,
        to target: inout MutableRawSpan
    ) throws(NV12Error) -> Rectangle {
        guard sourceLayout.format.liesLikeXRGB8888 else { throw .sourceFormat(sourceLayout.format) }
        guard source.byteCount >= sourceLayout.byteCount else {
            throw .shortSource(byteCount: source.byteCount, needed: sourceLayout.byteCount)
        }
        guard target.byteCount >= byteCount else {
            throw .shortTarget(byteCount: target.byteCount, needed: byteCount)
        }
        let squares = squares(part)
        if squares.isEmpty { return squares }
        unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { target in
                unsafe convert(squares, of: source.baseAddress!, sourceLayout, to: target.baseAddress!)
            }
        }
        return squares
    }

    /// The same with whole squares in the picture, in memory that is large enough.
    private func convert(
        _ squares: Rectangle,
        of source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        to target: UnsafeMutableRawPointer
    ) {
        let luma = unsafe target.assumingMemoryBound(to: UInt8.self)
        let chroma = unsafe luma + chromaOffset
        let sourceSize = sourceLayout.size
        // So many pixels of a row come from the source; with an odd number of them one more is written.
        let pixels = max(0, min(squares.maxX, sourceSize.width) - squares.minX)
        for y in Swift.stride(from: squares.minY, to: squares.maxY, by: 2) {
            let place = y * stride + squares.minX
            let chromaPlace = y / 2 * stride + squares.minX
            let converted = y < sourceSize.height ? pixels : 0
            if converted > 0 {
                let upper = unsafe source + y * sourceLayout.stride + squares.minX * 4
                let hasLower = y + 1 < sourceSize.height
                // Only where both of the next rows are read, too.
                let next = y + 3 < min(squares.maxY, sourceSize.height) ? 2 * sourceLayout.stride : 0
                unsafe signet_nv12_rows(
                    luma + place,
                    luma + place + stride,
                    chroma + chromaPlace,
                    upper,
                    hasLower ? upper + sourceLayout.stride : upper,
                    converted,
                    next
                )
            }
            let written = converted + converted % 2
            if written < squares.width {
                let missing = squares.width - written
                unsafe memset(luma + place + written, Self.black.luma, missing)
                unsafe memset(luma + place + stride + written, Self.black.luma, missing)
                unsafe memset(chroma + chromaPlace + written, Self.black.chroma, missing)
            }
        }
    }

    /// Copies a picture of this layout to I420 without gaps, as a frame of a YUV4MPEG2 file has it: rows of luma, then
    /// rows of Cb, then rows of Cr, the latter two half as long and half as many.
    ///
    /// - Parameters:
    ///   - picture: ``byteCount`` bytes or more.
    ///   - target: ``i420ByteCount`` bytes or more.
    /// - Throws: where one of both is too small.
    public func copyAsI420(_ picture: RawSpan, to target: inout MutableRawSpan) throws(NV12Error) {
        guard picture.byteCount >= byteCount else {
            throw .shortSource(byteCount: picture.byteCount, needed: byteCount)
        }
        guard target.byteCount >= i420ByteCount else {
            throw .shortTarget(byteCount: target.byteCount, needed: i420ByteCount)
        }
        unsafe picture.withUnsafeBytes { picture in
            unsafe target.withUnsafeMutableBytes { target in
                let from = unsafe picture.baseAddress!.assumingMemoryBound(to: UInt8.self)
                let luma = unsafe target.baseAddress!.assumingMemoryBound(to: UInt8.self)
                for y in 0..<height { unsafe memcpy(luma + y * width, from + y * stride, width) }
                let blue = unsafe luma + width * height
                let red = unsafe blue + width * height / 4
                for y in 0..<height / 2 {
                    let place = y * width / 2
                    unsafe signet_split_row(blue + place, red + place, from + chromaOffset + y * stride, width / 2)
                }
            }
        }
    }
}
