internal import CPixman

/// Draws turned and scaled images with pixman.
///
/// Whole-number enlargements show each pixel as a square; other ratios are interpolated, and the image's edge pixels go
/// on beyond its edge, so that nothing of what is behind shines through there.
@unsafe
struct PixmanPainter {
    let target: UnsafeMutableRawPointer
    let layout: PixelLayout

    func draw(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        placement: Placement,
        clip: Region
    ) {
        // pixman wants rows at multiples of four bytes; a client's may be anywhere.
        if sourceLayout.stride % 4 != 0 || Int(bitPattern: source) % 4 != 0 {
            return unsafe drawAligned(source, sourceLayout, placement: placement, clip: clip)
        }
        guard let clipStorage = clip.storage,
            let image = unsafe makeImage(UnsafeMutableRawPointer(mutating: source), sourceLayout),
            let canvas = unsafe makeImage(target, layout)
        else { return }
        defer {
            unsafe pixman_image_unref(image)
            unsafe pixman_image_unref(canvas)
        }
        unsafe setTransform(of: image, sourceLayout.size, placement)
        unsafe pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD)
        unsafe clipStorage.withPointer { region in _ = unsafe pixman_image_set_clip_region32(canvas, region) }
        let destination = placement.destination
        unsafe pixman_image_composite32(
            sourceLayout.format.hasAlpha ? PIXMAN_OP_OVER : PIXMAN_OP_SRC,
            image,
            nil,
            canvas,
            0,
            0,
            0,
            0,
            Int32(clamping: destination.x),
            Int32(clamping: destination.y),
            Int32(clamping: destination.width),
            Int32(clamping: destination.height)
        )
    }

    private func drawAligned(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        placement: Placement,
        clip: Region
    ) {
        let rowBytes = sourceLayout.rowBytes
        let stride = (rowBytes + 3) & ~3
        guard let aligned = PixelLayout(size: sourceLayout.size, stride: stride, format: sourceLayout.format) else {
            return
        }
        let copy = UnsafeMutableRawPointer.allocate(byteCount: stride * aligned.size.height, alignment: 16)
        defer { unsafe copy.deallocate() }
        for y in 0..<aligned.size.height {
            unsafe (copy + y * stride).copyMemory(from: source + y * sourceLayout.stride, byteCount: rowBytes)
        }
        unsafe draw(copy, aligned, placement: placement, clip: clip)
    }

    private func makeImage(_ bytes: UnsafeMutableRawPointer, _ layout: PixelLayout) -> OpaquePointer? {
        guard let stride = CInt(exactly: layout.stride) else { return nil }
        return unsafe pixman_image_create_bits_no_clear(
            layout.format.hasAlpha ? PIXMAN_a8r8g8b8 : PIXMAN_x8r8g8b8,
            CInt(layout.size.width),
            CInt(layout.size.height),
            bytes.assumingMemoryBound(to: UInt32.self),
            stride
        )
    }

    /// Target pixels, counted from the destination's corner, to source pixels.
    private func setTransform(of image: OpaquePointer, _ size: Size, _ placement: Placement) {
        // The image as it is to be seen, before it was turned.
        let upright = placement.orientation.apply(to: size)
        let crop =
            placement.crop
            ?? Placement.Crop(x: 0, y: 0, width: Double(upright.width), height: Double(upright.height))
        let scaleX = crop.width / Double(placement.destination.width)
        let scaleY = crop.height / Double(placement.destination.height)
        let turn = placement.orientation.matrix(in: upright)
        var matrix = pixman_f_transform_t(
            m: (
                (turn.a * scaleX, turn.b * scaleY, turn.a * crop.x + turn.b * crop.y + turn.tx),
                (turn.c * scaleX, turn.d * scaleY, turn.c * crop.x + turn.d * crop.y + turn.ty),
                (0, 0, 1)
            )
        )
        var fixed = pixman_transform_t()
        guard unsafe pixman_transform_from_pixman_f_transform(&fixed, &matrix) != 0 else { return }
        unsafe pixman_image_set_transform(image, &fixed)
        let enlargements = [
            Double(placement.destination.width) / crop.width, Double(placement.destination.height) / crop.height,
        ]
        let enlargesEvenly = (enlargements + [crop.x, crop.y]).allSatisfy { $0.rounded() == $0 }
        unsafe pixman_image_set_filter(
            image,
            enlargesEvenly ? PIXMAN_FILTER_NEAREST : PIXMAN_FILTER_BILINEAR,
            nil,
            0
        )
    }
}
