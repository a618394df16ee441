/// How content is turned: the eight values of wl_output.transform, with its numbers.
///
/// A surface whose buffer transform is T has a buffer that holds T applied to what is to be seen; drawing it applies
/// the inverse. Rotations are counter-clockwise; the flipped ones mirror left and right first, and rotate then.
public enum Orientation: UInt32, CaseIterable, Sendable {
    /// As it is.
    case normal = 0
    /// A quarter counter-clockwise.
    case rotated90
    /// Upside down.
    case rotated180
    /// A quarter clockwise.
    case rotated270
    /// Left and right exchanged.
    case flipped
    /// Mirrored, then a quarter counter-clockwise.
    case flipped90
    /// Mirrored, then upside down.
    case flipped180
    /// Mirrored, then a quarter clockwise.
    case flipped270

    /// Whether width and height change places.
    public var transposesSize: Bool {
        switch self {
        case .rotated90, .rotated270, .flipped90, .flipped270: true
        case .normal, .rotated180, .flipped, .flipped180: false
        }
    }

    /// What undoes it.
    public var inverse: Orientation {
        switch self {
        case .rotated90: .rotated270
        case .rotated270: .rotated90
        default: self
        }
    }

    /// This one, and then another.
    public func followed(by other: Orientation) -> Orientation {
        // Mirroring turns rotations around.
        let rotation = other.isFlipped ? 4 - quarters : quarters
        let isFlippedThen = isFlipped != other.isFlipped
        return Orientation(rawValue: (rotation + other.quarters) % 4 + (isFlippedThen ? 4 : 0))!
    }

    /// Counter-clockwise, after mirroring.
    private var quarters: UInt32 { rawValue % 4 }

    private var isFlipped: Bool { rawValue >= 4 }

    /// The size of content of `size` after it was turned.
    public func apply(to size: Size) -> Size { transposesSize ? size.transposed : size }

    /// Where a rectangle in content of `size` is after the content was turned.
    public func apply(to rectangle: Rectangle, in size: Size) -> Rectangle {
        let (x, y, width, height) = (rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        // The rectangle's distance from the content's right and bottom edges.
        let (right, bottom) = (size.width - rectangle.maxX, size.height - rectangle.maxY)
        return switch self {
        case .normal: rectangle
        case .rotated90: Rectangle(x: y, y: right, width: height, height: width)
        case .rotated180: Rectangle(x: right, y: bottom, width: width, height: height)
        case .rotated270: Rectangle(x: bottom, y: x, width: height, height: width)
        case .flipped: Rectangle(x: right, y: y, width: width, height: height)
        case .flipped90: Rectangle(x: y, y: x, width: height, height: width)
        case .flipped180: Rectangle(x: x, y: bottom, width: width, height: height)
        case .flipped270: Rectangle(x: bottom, y: right, width: height, height: width)
        }
    }

    /// The same for points, as the matrix of an affine map: `x' = a x + b y + tx`, `y' = c x + d y + ty`, from content
    /// of `size` to turned content.
    func matrix(in size: Size) -> (a: Double, b: Double, tx: Double, c: Double, d: Double, ty: Double) {
        let (width, height) = (Double(size.width), Double(size.height))
        return switch self {
        case .normal: (1, 0, 0, 0, 1, 0)
        case .rotated90: (0, 1, 0, -1, 0, width)
        case .rotated180: (-1, 0, width, 0, -1, height)
        case .rotated270: (0, -1, height, 1, 0, 0)
        case .flipped: (-1, 0, width, 0, 1, 0)
        case .flipped90: (0, 1, 0, 1, 0, 0)
        case .flipped180: (1, 0, 0, 0, -1, height)
        case .flipped270: (0, -1, height, -1, 0, width)
        }
    }
}
