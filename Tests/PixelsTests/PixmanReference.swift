import CFcft
import CPixman
import Pixels

extension Image {
    /// What pixman makes of ``draw(_:_:clip:opaque:)`` with nothing opaque. Both images start at aligned addresses.
    mutating func drawWithPixman(_ source: Image, _ placement: Placement, clip: Region) {
        var source = source
        let (sourceLayout, layout) = (source.layout, layout)
        source.withMemory { pixels in
            unsafe pixels.withUnsafeMutableBytes { pixels in
                withMemory { target in
                    unsafe target.withUnsafeMutableBytes { target in
                        let image = unsafe Self.pixman(pixels.baseAddress!, sourceLayout)
                        let canvas = unsafe Self.pixman(target.baseAddress!, layout)
                        unsafe Self.composite(image, sourceLayout, onto: canvas, placement, clip)
                        unsafe pixman_image_unref(image)
                        unsafe pixman_image_unref(canvas)
                    }
                }
            }
        }
    }

    private static func pixman(_ bytes: UnsafeMutableRawPointer, _ layout: PixelLayout) -> OpaquePointer {
        let formats: [PixelFormat: pixman_format_code_t] = [
            .xrgb8888: PIXMAN_x8r8g8b8, .argb8888: PIXMAN_a8r8g8b8, .xbgr8888: PIXMAN_x8b8g8r8,
            .abgr8888: PIXMAN_a8b8g8r8, .rgb888: PIXMAN_r8g8b8, .bgr888: PIXMAN_b8g8r8, .rgb565: PIXMAN_r5g6b5,
            .bgr565: PIXMAN_b5g6r5, .xrgb2101010: PIXMAN_x2r10g10b10, .argb2101010: PIXMAN_a2r10g10b10,
            .xbgr2101010: PIXMAN_x2b10g10r10, .abgr2101010: PIXMAN_a2b10g10r10,
        ]
        return unsafe pixman_image_create_bits_no_clear(
            formats[layout.format]!,
            CInt(layout.size.width),
            CInt(layout.size.height),
            bytes.assumingMemoryBound(to: UInt32.self),
            CInt(layout.stride)
        )
    }

    private static func composite(
        _ image: OpaquePointer,
        _ layout: PixelLayout,
        onto canvas: OpaquePointer,
        _ placement: Placement,
        _ clip: Region
    ) {
        let orientation = placement.orientation
        let upright = orientation.apply(to: layout.size)
        let crop = placement.crop ?? Placement.Crop(upright.bounds)
        let destination = placement.destination
        let (scaleX, scaleY) = (crop.width / Double(destination.width), crop.height / Double(destination.height))
        // Where three corners of the destination are in the image gives the affine map.
        let corners = [(0.0, 0.0), (1, 0), (0, 1)].map { x, y in
            Self.turned(crop.x + x * scaleX, crop.y + y * scaleY, orientation, upright)
        }
        let origin = corners[0]
        var matrix = pixman_f_transform_t(
            m: (
                (corners[1].x - origin.x, corners[2].x - origin.x, origin.x),
                (corners[1].y - origin.y, corners[2].y - origin.y, origin.y),
                (0, 0, 1)
            )
        )
        var fixed = pixman_transform_t()
        guard unsafe pixman_transform_from_pixman_f_transform(&fixed, &matrix) != 0 else { return }
        unsafe pixman_image_set_transform(image, &fixed)
        let enlargements = [Double(destination.width) / crop.width, Double(destination.height) / crop.height]
        let isEven = (enlargements + [crop.x, crop.y]).allSatisfy { $0.rounded() == $0 }
        unsafe pixman_image_set_filter(image, isEven ? PIXMAN_FILTER_NEAREST : PIXMAN_FILTER_BILINEAR, nil, 0)
        unsafe pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD)
        clip.forEachRectangle { rectangle in
            var part = unsafe pixman_region32_t()
            let (width, height) = (UInt32(rectangle.width), UInt32(rectangle.height))
            unsafe pixman_region32_init_rect(&part, CInt(rectangle.x), CInt(rectangle.y), width, height)
            unsafe pixman_image_set_clip_region32(canvas, &part)
            unsafe pixman_image_composite32(
                layout.format.hasAlpha ? PIXMAN_OP_OVER : PIXMAN_OP_SRC,
                image,
                nil,
                canvas,
                0,
                0,
                0,
                0,
                CInt(destination.x),
                CInt(destination.y),
                CInt(destination.width),
                CInt(destination.height)
            )
            unsafe pixman_region32_fini(&part)
        }
    }

    /// A place in upright content of `size`, after the content was turned as wl_output.transform describes it.
    private static func turned(
        _ x: Double,
        _ y: Double,
        _ orientation: Orientation,
        _ size: Size
    ) -> (x: Double, y: Double) {
        var (x, y, width, height) = (x, y, Double(size.width), Double(size.height))
        if orientation.rawValue >= 4 { x = width - x }
        for _ in 0..<orientation.rawValue & 3 {
            (x, y) = (y, width - x)
            (width, height) = (height, width)
        }
        return (x, y)
    }
}
