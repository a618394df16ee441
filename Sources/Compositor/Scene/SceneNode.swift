internal import Pixels

/// Something with a place in the scene: a window, and later whatever else is stacked with windows.
protocol SceneNode: AnyObject {
    /// What it shows, back to front, at its places.
    var items: [PlacedItem] { get }
    /// What it is stacked with.
    var layer: SceneLayer { get }
}

extension SceneNode {
    var layer: SceneLayer { .windows }
}

/// What is stacked together, from back to front.
enum SceneLayer: Int {
    case windows, cursor
}
