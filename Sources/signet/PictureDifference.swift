import SignetDriver

/// How two pictures of one size differ.
struct PictureDifference {
    /// Pixels that were compared: all but those that were left out.
    private(set) var compared = 0
    /// Those of them with a channel that differs by more than the tolerance.
    private(set) var differing = 0
    /// The largest difference of a channel, of all pixels that were compared, whether it is tolerated or not.
    private(set) var largest = 0
    /// What holds all differing pixels; nil where there are none.
    private(set) var bounds: (x: ClosedRange<Int>, y: ClosedRange<Int>)?
    /// Where differing pixels are: each row's, in order.
    private(set) var places: [(y: Int, x: [Int32])] = []

    /// Compares pictures of one size. Their alpha is a channel like the others.
    ///
    /// `keepsPlaces` says whether ``places`` is wanted.
    init(_ first: PictureFile, _ second: PictureFile, tolerance: Int, ignoring: [PixelArea], keepsPlaces: Bool) {
        precondition(first.width == second.width && first.height == second.height)
        for y in 0..<first.height {
            let columns = Self.columns(ofRow: y, width: first.width, ignoring: ignoring)
            compared += columns.reduce(0) { $0 + $1.count }
            first.withRow(y) { one in
                second.withRow(y) { other in
                    var row: [Int32] = []
                    for range in columns {
                        compare(one, other, range, y: y, tolerance: tolerance) { if keepsPlaces { row.append($0) } }
                    }
                    if !row.isEmpty { places.append((y, row)) }
                }
            }
        }
    }

    /// The part of all compared pixels that differs, 0 to 1.
    var share: Double { compared == 0 ? 0 : Double(differing) / Double(compared) }

    /// The columns of a row that are compared.
    private static func columns(ofRow y: Int, width: Int, ignoring: [PixelArea]) -> [Range<Int>] {
        var (result, start) = ([Range<Int>](), 0)
        for ignored in ignoring.filter({ $0.rows.contains(y) }).sorted(by: { $0.x < $1.x }) {
            let end = min(ignored.columns.lowerBound, width)
            if start < end { result.append(start..<end) }
            start = max(start, ignored.columns.upperBound)
        }
        if start < width { result.append(start..<width) }
        return result
    }

    private mutating func compare(
        _ one: RawSpan,
        _ other: RawSpan,
        _ range: Range<Int>,
        y: Int,
        tolerance: Int,
        note: (Int32) -> Void
    ) {
        for x in range {
            let (left, right) = (Self.pixel(one, x), Self.pixel(other, x))
            if left == right { continue }
            var difference = 0
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                difference = max(difference, abs(Int(left >> shift & 0xff) - Int(right >> shift & 0xff)))
            }
            largest = max(largest, difference)
            if difference <= tolerance { continue }
            differing += 1
            note(Int32(x))
            let (xs, ys) = bounds ?? (x...x, y...y)
            bounds = (min(xs.lowerBound, x)...max(xs.upperBound, x), min(ys.lowerBound, y)...max(ys.upperBound, y))
        }
    }

    private static func pixel(_ row: RawSpan, _ x: Int) -> UInt32 {
        // Not beyond the row: the offset is that of one of its pixels.
        unsafe row.unsafeLoadUnaligned(fromByteOffset: x * 4, as: UInt32.self)
    }
}

extension PictureDifference {
    /// A picture of the difference, as PNG files want it: `first`, faded, with the differing pixels in red. Has to have
    /// been asked for the places.
    func picture(of first: PictureFile) -> [UInt8] {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(first.width * first.height * 3)
        for y in 0..<first.height {
            first.withRow(y) { row in
                for x in 0..<first.width {
                    let pixel = Self.pixel(row, x).littleEndian
                    let (red, green, blue) = (Int(pixel & 0xff), Int(pixel >> 8 & 0xff), Int(pixel >> 16 & 0xff))
                    let alpha = Int(pixel >> 24)
                    let grey = (red * 2 + green * 5 + blue) / 8
                    // Over white, and then a quarter of its darkness.
                    rgb.append(contentsOf: repeatElement(UInt8(255 - (255 - grey) * alpha / 255 / 4), count: 3))
                }
            }
        }
        for (y, xs) in places {
            for x in xs {
                let start = (y * first.width + Int(x)) * 3
                (rgb[start], rgb[start + 1], rgb[start + 2]) = (255, 0, 0)
            }
        }
        return rgb
    }
}
