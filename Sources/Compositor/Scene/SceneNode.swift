internal import Pixels

/// Something with a place in the scene: a window, and later whatever else is stacked with windows.
protocol SceneNode: AnyObject {
    /// What it shows, back to front, at its places.
    var items: [PlacedItem] { get }
}
