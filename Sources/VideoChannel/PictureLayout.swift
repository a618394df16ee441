/// How a picture in YUV lies in a file.
public struct PictureLayout: Hashable, Sendable {
    /// Where the samples of one plane are.
    public struct Plane: Hashable, Sendable {
        /// Bytes from the file's start to its first row.
        public var offset: Int
        /// Bytes from one row to the next.
        public var stride: Int

        /// A plane.
        public init(offset: Int, stride: Int) { (self.offset, self.stride) = (offset, stride) }
    }

    /// The formats that there are; drm_fourcc.h.
    public enum Format: UInt32, Hashable, Sendable {
        /// Luma, then pairs of chroma, U first, for two by two pixels each.
        case nv12 = 0x3231_564e
        /// Two pixels in four bytes: luma, U, luma, V.
        case yuyv = 0x5659_5559

        /// How many planes it has.
        public var planeCount: Int { self == .nv12 ? 2 : 1 }
    }

    /// What the samples mean.
    public var format: Format
    /// Width in pixels; even.
    public var width: Int
    /// Height in pixels; even.
    public var height: Int
    /// One for each plane of the format.
    public var planes: [Plane]

    /// The longest side that is taken, in pixels.
    public static let longestSide = 16_384
    /// The longest distance from one row to the next, in bytes.
    static let longestStride = 1 << 17

    /// Whether rows and planes are no further apart than they ever are: what another process says isn't to become a sum
    /// that nobody has memory for.
    private func isLikely(_ plane: Plane) -> Bool {
        (rowLength...max(2 * rowLength, rowLength + 4_096)).contains(plane.stride)
            && (0...2 * plane.stride * height).contains(plane.offset)
    }

    /// Nil where the numbers can't be those of a picture: sides that aren't even or within ``longestSide``, rows that
    /// overlap, another number of planes.
    public init?(format: Format, width: Int, height: Int, planes: [Plane]) {
        let sides = 2...Self.longestSide
        guard sides.contains(width), sides.contains(height), width % 2 == 0, height % 2 == 0,
            planes.count == format.planeCount
        else { return nil }
        self.format = format
        self.width = width
        self.height = height
        self.planes = planes
        guard planes.allSatisfy(isLikely) else { return nil }
    }

    /// Bytes of a row, without what lies between rows.
    public var rowLength: Int { format == .nv12 ? width : width * 2 }

    /// How many rows a plane has.
    public func rowCount(ofPlane plane: Int) -> Int { plane == 0 ? height : height / 2 }

    /// The bytes of the file that a plane takes: as many strides as it has rows.
    public func range(ofPlane plane: Int) -> Range<Int> {
        let place = planes[plane]
        return place.offset..<place.offset + place.stride * rowCount(ofPlane: plane)
    }

    /// How long a file has to be for the picture to lie in it.
    public var byteCount: Int { planes.indices.map { range(ofPlane: $0).upperBound }.max() ?? 0 }
}
