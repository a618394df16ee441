internal import Pixels

/// Something with a place in the scene: a window, and later whatever else is stacked with windows.
protocol SceneNode: AnyObject {
    /// What it shows, back to front, at its places.
    var items: [PlacedItem] { get }
    /// What it is stacked with.
    var layer: SceneLayer { get }
    /// The node that it stands right above, wherever that goes, as a popup does; nil where it stands for itself.
    var base: (any SceneNode)? { get }
}

extension SceneNode {
    var layer: SceneLayer { .windows }
    var base: (any SceneNode)? { nil }
}

/// What is stacked together, from back to front.
enum SceneLayer: Int {
    case windows, dragIcon, cursor

    /// Whether the pointer can be on it. What follows the pointer isn't under it.
    var takesInput: Bool {
        switch self {
        case .windows: true
        case .dragIcon, .cursor: false
        }
    }
}
