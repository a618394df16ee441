/// A size in pixels, or in whatever unit the context names.
public struct Size: Hashable, Sendable {
    /// Extent to the right.
    public var width: Int
    /// Extent downwards.
    public var height: Int

    /// A size of `width` by `height`.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}
