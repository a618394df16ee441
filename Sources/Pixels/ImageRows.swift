internal import CPixelKernels

/// An image in memory, read row by row as ARGB8888.
@unsafe
struct ImageRows {
    /// Where the pixels come from.
    @unsafe
    enum Source {
        /// They lie like the target's.
        case ready(UnsafeRawPointer, stride: Int)
        /// They are put together differently.
        case packed(UnsafeRawPointer, PixelLayout)
        /// Luma and chroma, in as many planes as the format has.
        case planes([UnsafeRawPointer?], YUVLayout, signet_yuv_coefficients)
    }

    /// In pixels; nothing outside is read.
    let size: Size
    private let source: Source

    /// Rows whose pixels lie like the target's.
    init(_ bytes: UnsafeRawPointer, stride: Int, size: Size) {
        unsafe self.size = size
        unsafe source = .ready(bytes, stride: stride)
    }

    /// Rows in any format.
    init(_ bytes: UnsafeRawPointer, _ layout: PixelLayout) {
        unsafe size = layout.size
        unsafe source =
            layout.format.liesLikeXRGB8888 ? .ready(bytes, stride: layout.stride) : .packed(bytes, layout)
    }

    /// Luma and chroma, where each plane starts.
    init(planes: [UnsafeRawPointer?], _ layout: YUVLayout) {
        unsafe size = layout.size
        unsafe source = .planes(planes, layout, signet_yuv_coefficients(layout.matrix))
    }

    /// The pixels themselves, where they needn't be converted, and how many bytes it is to the next row.
    func pixels(row: Int, column: Int) -> (pointer: UnsafeRawPointer, stride: Int)? {
        guard case .ready(let bytes, let stride) = unsafe source else { return nil }
        return unsafe (bytes + row * stride + column * 4, stride)
    }

    /// How many bytes it is from row to row, where the pixels needn't be converted.
    var stride: Int? {
        if case .ready(_, let stride) = unsafe source { return stride }
        return nil
    }

    /// Writes the pixels of a row to `target`.
    func read(row: Int, columns: Range<Int>, into target: UnsafeMutableRawPointer) {
        switch unsafe source {
        case .ready(let bytes, let stride):
            let start = unsafe bytes + row * stride + columns.lowerBound * 4
            unsafe target.copyMemory(from: start, byteCount: columns.count * 4)
        case .packed(let bytes, let layout):
            let offset = row * layout.stride + columns.lowerBound * layout.format.bytesPerPixel
            unsafe signet_convert_row(target, bytes + offset, columns.count, layout.format.kernel)
        case .planes(let planes, let layout, var coefficients):
            let format = layout.format
            let chromaRow = format.rowsShareChroma ? row / 2 : row
            func start(of component: YUVFormat.Component, row: Int) -> UnsafePointer<UInt8> {
                let offset = row * layout.strides[component.plane] + component.offset
                return unsafe (planes[component.plane]! + offset).assumingMemoryBound(to: UInt8.self)
            }
            unsafe signet_yuv_row(
                target,
                start(of: format.y, row: row),
                format.y.step,
                start(of: format.u, row: chromaRow),
                start(of: format.v, row: chromaRow),
                format.u.step,
                columns.lowerBound,
                columns.count,
                &coefficients
            )
        }
    }
}

extension signet_yuv_coefficients {
    /// From chroma's definition, Cb = (B - Y) / (2 - 2 Kb) and Cr = (R - Y) / (2 - 2 Kr), and luma's.
    init(_ matrix: ColorMatrix) {
        let (red, blue) = matrix.parts
        let green = 1 - red - blue
        func fixed(_ factor: Double) -> Int16 {
            Int16((factor * Double(1 << SIGNET_YUV_FRACTION_BITS)).rounded())
        }
        // Luma has 219 steps from black to white, chroma 224 from end to end.
        let (luma, chroma) = (255.0 / 219, 255.0 / 224)
        self.init(
            luma: fixed(luma),
            red_of_v: fixed(chroma * 2 * (1 - red)),
            green_of_u: fixed(-chroma * 2 * (1 - blue) * blue / green),
            green_of_v: fixed(-chroma * 2 * (1 - red) * red / green),
            blue_of_u: fixed(chroma * 2 * (1 - blue))
        )
    }
}
