/// Where an image goes, and how it is turned and scaled on the way.
public struct Placement: Hashable, Sendable {
    /// A part of the image, in pixels of it after its orientation has been undone.
    public struct Crop: Hashable, Sendable {
        /// The left edge.
        public var x: Double
        /// The top edge.
        public var y: Double
        /// Extent to the right.
        public var width: Double
        /// Extent downwards.
        public var height: Double

        /// The part at `x`, `y` with this size.
        public init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// The rectangle to cover, in pixels of the target.
    public var destination: Rectangle
    /// How the image was turned when it was drawn.
    public var orientation: Orientation
    /// The part to show; nil is the whole.
    public var crop: Crop?

    /// Puts an image, or a part of it, onto `destination`.
    public init(destination: Rectangle, orientation: Orientation = .normal, crop: Crop? = nil) {
        self.destination = destination
        self.orientation = orientation
        self.crop = crop
    }

    /// Whether each pixel of an image of `size` goes to one pixel of the target, unturned.
    func isUnscaled(_ size: Size) -> Bool {
        orientation == .normal && crop == nil && destination.size == size
    }
}
