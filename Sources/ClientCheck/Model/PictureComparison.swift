import Glibc
import Pixels

extension Picture {
    /// The smallest rectangle around the pixels inside of `region` that look different in `other`, which has the same
    /// shape; nil where none does. With `rows` only some rows are looked at.
    func difference(from other: Picture, within region: Region) -> Rectangle? {
        var result: Rectangle?
        let area = region.intersection(Rectangle(x: 0, y: 0, width: width, height: height))
        area.forEachRectangle { rectangle in
            for y in rectangle.minY..<rectangle.maxY {
                guard let columns = difference(from: other, row: y, rectangle.minX..<rectangle.maxX) else { continue }
                let found = Rectangle(x: columns.lowerBound, y: y, width: columns.count, height: 1)
                result = result.map { $0.union(found) } ?? found
            }
        }
        return result
    }

    /// Whether anything looks different in `other`, which has the same shape.
    func difference(from other: Picture) -> Rectangle? {
        difference(from: other, within: Region(Rectangle(x: 0, y: 0, width: width, height: height)))
    }

    private func difference(from other: Picture, row: Int, _ columns: Range<Int>) -> Range<Int>? {
        let size = layout.bytesPerPixel
        let (start, otherStart) = (
            row * stride + columns.lowerBound * size, row * other.stride + columns.lowerBound * size
        )
        return unsafe bytes.withUnsafeBytes { ours in
            unsafe other.bytes.withUnsafeBytes { theirs in
                let (left, right) = unsafe (ours.baseAddress! + start, theirs.baseAddress! + otherStart)
                if unsafe memcmp(left, right, columns.count * size) == 0 { return nil }
                // Bits that aren't seen may be anything.
                func differs(_ index: Int) -> Bool {
                    let (a, b) = unsafe (Self.pixel(left + index * size, size), Self.pixel(right + index * size, size))
                    return (a ^ b) & layout.visible != 0
                }
                guard let first = (0..<columns.count).first(where: differs),
                    let last = (0..<columns.count).last(where: differs)
                else { return nil }
                return columns.lowerBound + first..<columns.lowerBound + last + 1
            }
        }
    }

    private static func pixel(_ address: UnsafeRawPointer, _ size: Int) -> UInt32 {
        if size == 4 { return unsafe UInt32(littleEndian: address.loadUnaligned(as: UInt32.self)) }
        return unsafe UInt32(UInt16(littleEndian: address.loadUnaligned(as: UInt16.self)))
    }

    /// The first pixel inside of `region` that isn't opaque, and how opaque it is, from 0 to 255 or from 0 to 3.
    func firstTransparent(within region: Region) -> (x: Int, y: Int, alpha: Int)? {
        guard layout.alpha != 0 else { return nil }
        var result: (x: Int, y: Int, alpha: Int)?
        let area = region.intersection(Rectangle(x: 0, y: 0, width: width, height: height))
        unsafe bytes.withUnsafeBytes { bytes in
            area.forEachRectangle { rectangle in
                guard result == nil else { return }
                for y in rectangle.minY..<rectangle.maxY {
                    let row = unsafe bytes.baseAddress! + y * stride
                    for x in rectangle.minX..<rectangle.maxX {
                        let pixel = unsafe Self.pixel(row + x * layout.bytesPerPixel, layout.bytesPerPixel)
                        guard pixel & layout.alpha != layout.alpha else { continue }
                        result = (x, y, Int((pixel & layout.alpha) >> UInt32(layout.alpha.trailingZeroBitCount)))
                        return
                    }
                }
            }
        }
        return result
    }
}
