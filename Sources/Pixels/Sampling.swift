/// Which pixels of an image show in which pixel of the target.
///
/// Whole-number enlargements show each pixel as a square; at other ratios the four nearest are interpolated, and the
/// image's edge pixels go on beyond its edge, so that nothing of what is behind shines through there.
struct Sampling {
    /// Along one direction of the target.
    struct Axis {
        /// How many pixels the image has in this direction.
        private let count: Int
        /// Where the destination begins, in pixels of the target.
        private let origin: Int
        /// Squares of how many pixels; 0 where there are none.
        let factor: Int
        /// The first square's pixel.
        private let first: Int
        /// Whether the image goes on in the target's direction.
        let isForward: Bool
        /// Where the destination's first pixel lies between the image's pixels' centres, where 1 << 32 is a pixel.
        private let start: Int64
        /// From there to the next pixel's.
        let step: Int64
        /// Whether something outside of the image shows, or more than half a pixel's width of it.
        let isFar: Bool

        /// `length` pixels of the image fill the destination, from `offset` on; backwards where that is negative.
        init(length: Double, offset: Double, count: Int, destination: Range<Int>) {
            self.count = count
            origin = destination.lowerBound
            isForward = length > 0
            // Positions up to pixman's limits are rounded as pixman does, so that pictures are the same.
            let bits = destination.count <= 16_384 && count <= 16_384 ? 16 : 32
            func fixed(_ value: Double) -> Int64 {
                let scaled = (value * Double(1 << bits) + 0.5).rounded(.down)
                return Int64(max(-0x1p62, min(0x1p62, scaled))) << (32 - bits)
            }
            step = fixed(length / Double(destination.count))
            // The centre of the first pixel: half a step, rounded to the bits that there are.
            let half = bits == 16 ? ((step + (1 << 16)) >> 17) << 16 : step / 2
            start = half &+ fixed(offset) &- (1 << 31)
            let enlargement = Double(destination.count) / abs(length)
            let isEven = enlargement == enlargement.rounded() && offset == offset.rounded()
            let factor = max(1, Int(min(enlargement, 0x1p40)))
            let last = (destination.count - 1) / factor
            first = isForward ? Int(offset) : Int(offset) - 1
            let isInside = first >= 0 && first < count && (isForward ? first + last < count : first >= last)
            self.factor = isEven ? factor : 0
            let end = start &+ Int64(destination.count - 1) &* step
            isFar = isEven ? !isInside : min(start, end) >> 32 < -1 || max(start, end) >> 32 >= count
        }

        private init(_ other: Axis, without pixels: Range<Int>) {
            count = pixels.count
            origin = other.origin
            factor = other.factor
            first = other.first - pixels.lowerBound
            isForward = other.isForward
            start = other.start &- Int64(pixels.lowerBound) << 32
            step = other.step
            isFar = other.isFar
        }

        /// The same for an image that consists of these pixels only.
        func within(_ pixels: Range<Int>) -> Axis { Axis(self, without: pixels) }

        /// The pixel whose square is at a place in the target.
        func pixel(at place: Int) -> Int {
            let square = (place - origin) / factor
            return isForward ? first + square : first - square
        }

        /// Which copy of its pixel is at a place in the target.
        func copy(at place: Int) -> Int { (place - origin) % factor }

        /// Where the pixel at a place in the target lies between the image's pixels' centres.
        func position(at place: Int) -> Int64 { start &+ Int64(place - origin) &* step }

        /// The nearest pixel that there is.
        func clamped(_ pixel: Int) -> Int { max(0, min(count - 1, pixel)) }

        /// Pixels that show in a part of the target.
        func pixels(for places: Range<Int>, asSquares: Bool) -> Range<Int> {
            func pixel(_ place: Int) -> Int { asSquares ? self.pixel(at: place) : Int(position(at: place) >> 32) }
            let (first, last) = (pixel(places.lowerBound), pixel(places.upperBound - 1))
            return clamped(min(first, last))..<clamped(max(first, last) + (asSquares ? 0 : 1)) + 1
        }
    }

    /// Along the target's rows.
    private(set) var x: Axis
    /// Along its columns.
    private(set) var y: Axis
    /// Whether rows of the image become columns of the target.
    private(set) var isTransposed: Bool

    /// For an image of `size`.
    init(_ size: Size, _ placement: Placement) {
        // The image as it is to be seen, before it was turned.
        let upright = placement.orientation.apply(to: size)
        let crop = placement.crop ?? Placement.Crop(upright)
        let destination = placement.destination
        let turn = placement.orientation.matrix(in: upright)
        let (columns, rows) = (destination.minX..<destination.maxX, destination.minY..<destination.maxY)
        // Where the destination's corner is in the image.
        let cornerX = turn.a * crop.x + turn.b * crop.y + turn.tx
        let cornerY = turn.c * crop.x + turn.d * crop.y + turn.ty
        isTransposed = placement.orientation.transposesSize
        if isTransposed {
            x = Axis(length: turn.c * crop.width, offset: cornerY, count: size.height, destination: columns)
            y = Axis(length: turn.b * crop.height, offset: cornerX, count: size.width, destination: rows)
        } else {
            x = Axis(length: turn.a * crop.width, offset: cornerX, count: size.width, destination: columns)
            y = Axis(length: turn.d * crop.height, offset: cornerY, count: size.height, destination: rows)
        }
    }

    /// Whether pixels are shown as squares.
    var isEven: Bool { x.factor > 0 && y.factor > 0 }

    /// Whether each pixel of the image is one of the target.
    var isUnscaled: Bool { x.factor == 1 && y.factor == 1 }

    /// Whether pixels are best looked at one by one: few are, as the image is shown so much smaller, or what is shown
    /// isn't in the image.
    var isSparse: Bool {
        x.isFar || y.isFar || !isEven && max(x.step.magnitude, y.step.magnitude) > 4 << 32
    }

    /// Whether all pixels are averages of two by two.
    var halves: Bool { !isEven && x.step == 2 << 32 && y.step == 2 << 32 }

    /// The same for an image that consists of a part of the columns and rows of the target's directions only, and was
    /// transposed.
    func within(columns: Range<Int>, rows: Range<Int>) -> Sampling {
        var result = self
        result.isTransposed = false
        result.x = x.within(columns)
        result.y = y.within(rows)
        return result
    }
}

extension Placement.Crop {
    /// Everything.
    init(_ size: Size) {
        self.init(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    }
}
