internal import CPixelKernels

/// Copies and blends rectangles of 32-bit pixels between images of the same scale.
///
/// The regions it is given lie within the target, and within the source where that is put at its origin.
@unsafe
struct RowPainter {
    let target: UnsafeMutableRawPointer
    let layout: PixelLayout

    func fill(_ region: Region, color: UInt32) {
        region.forEachRectangle { rectangle in
            for y in rectangle.minY..<rectangle.maxY {
                unsafe signet_fill_row(target + y * layout.stride + rectangle.minX * 4, color, rectangle.width)
            }
        }
    }

    func copy(_ source: UnsafeRawPointer, _ sourceLayout: PixelLayout, to origin: Point, _ region: Region) {
        region.forEachRectangle { rectangle in
            for y in rectangle.minY..<rectangle.maxY {
                let from = (y - origin.y) * sourceLayout.stride + (rectangle.minX - origin.x) * 4
                unsafe (target + y * layout.stride + rectangle.minX * 4).copyMemory(
                    from: source + from,
                    byteCount: rectangle.width * 4
                )
            }
        }
    }

    func over(_ source: UnsafeRawPointer, _ sourceLayout: PixelLayout, to origin: Point, _ region: Region) {
        region.forEachRectangle { rectangle in
            for y in rectangle.minY..<rectangle.maxY {
                let from = (y - origin.y) * sourceLayout.stride + (rectangle.minX - origin.x) * 4
                unsafe signet_over_row(
                    target + y * layout.stride + rectangle.minX * 4,
                    source + from,
                    rectangle.width,
                    y + 1 < rectangle.maxY ? layout.stride : 0
                )
            }
        }
    }
}
