internal import CPixelKernels
internal import Glibc

/// Compares rows of 32-bit pixels of two images of the same scale.
@unsafe
struct RowComparer {
    private let source: UnsafeRawPointer
    private let sourceLayout: PixelLayout
    private let picture: UnsafeRawPointer
    private let layout: PixelLayout

    init(
        _ source: UnsafeRawPointer,
        _ sourceLayout: PixelLayout,
        _ picture: UnsafeRawPointer,
        _ layout: PixelLayout
    ) {
        unsafe self.source = source
        unsafe self.sourceLayout = sourceLayout
        unsafe self.picture = picture
        unsafe self.layout = layout
    }

    /// Whether a row of a part of the picture is the source's, whose corner is at `origin`. Both have it.
    func isSame(_ y: Int, _ part: Rectangle, from origin: Point) -> Bool {
        let from = unsafe (y - origin.y) * sourceLayout.stride + (part.minX - origin.x) * 4
        let place = unsafe y * layout.stride + part.minX * 4
        return unsafe memcmp(source + from, picture + place, part.width * 4) == 0
    }
}

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
