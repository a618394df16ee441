internal import CPixman

/// Draws turned and scaled images, and images in rare formats, with pixman.
///
/// Whole-number enlargements show each pixel as a square; other ratios are interpolated, and the image's edge pixels go
/// on beyond its edge, so that nothing of what is behind shines through there.
@unsafe
struct PixmanPainter {
    let target: UnsafeMutableRawPointer
    let layout: PixelLayout

    /// Copies the image's colours to one part of the target, and blends it into another. Both lie within the
    /// placement's destination and the target.
    func draw(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        _ placement: Placement,
        copied: Region,
        blended: Region
    ) {
        if placement.isUnscaled(sourceLayout.size) {
            // pixman draws nothing of images with more than 15 bits of pixels a side: it gets what shows.
            let part = copied.bounds.union(blended.bounds)
            let (x, y) = (part.x - placement.destination.x, part.y - placement.destination.y)
            let partLayout = PixelLayout(size: part.size, stride: sourceLayout.stride, format: sourceLayout.format)
            guard let partLayout else { return }
            let start = unsafe source + y * sourceLayout.stride + x * sourceLayout.format.bytesPerPixel
            unsafe drawAligned(start, partLayout, Placement(destination: part), copied: copied, blended: blended)
        } else {
            unsafe drawAligned(source, sourceLayout, placement, copied: copied, blended: blended)
        }
    }

    /// Makes a copy of an image whose rows aren't at multiples of four bytes, as pixman wants them. They often aren't
    /// where a pixel takes two or three bytes.
    private func drawAligned(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        _ placement: Placement,
        copied: Region,
        blended: Region
    ) {
        if sourceLayout.stride % 4 == 0, Int(bitPattern: source) % 4 == 0 {
            return unsafe composite(source, sourceLayout, placement, copied: copied, blended: blended)
        }
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
        unsafe composite(copy, aligned, placement, copied: copied, blended: blended)
    }

    private func composite(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        _ placement: Placement,
        copied: Region,
        blended: Region
    ) {
        guard let image = unsafe makeImage(UnsafeMutableRawPointer(mutating: source), sourceLayout) else { return }
        defer { unsafe pixman_image_unref(image) }
        guard let canvas = unsafe makeImage(target, layout) else { return }
        defer { unsafe pixman_image_unref(canvas) }
        unsafe setTransform(of: image, sourceLayout.size, placement)
        unsafe pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD)
        let destination = placement.destination
        for (operation, clip) in [(PIXMAN_OP_SRC, copied), (PIXMAN_OP_OVER, blended)] where !clip.isEmpty {
            guard let clip = clip.storage else { continue }
            unsafe clip.withPointer { region in _ = unsafe pixman_image_set_clip_region32(canvas, region) }
            unsafe pixman_image_composite32(
                operation,
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
    }

    private func makeImage(_ bytes: UnsafeMutableRawPointer, _ layout: PixelLayout) -> OpaquePointer? {
        guard let stride = CInt(exactly: layout.stride) else { return nil }
        return unsafe pixman_image_create_bits_no_clear(
            layout.format.pixman,
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
