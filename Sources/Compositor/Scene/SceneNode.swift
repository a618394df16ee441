internal import Pixels

/// Something with a place in the scene: a window, and later whatever else is stacked with windows.
protocol SceneNode: AnyObject {
    /// Its surfaces, back to front, at their places.
    var placedSurfaces: [PlacedSurface] { get }
}
