internal import Pixels

/// Somebody who hears what changes in the scene.
protocol SceneListener: AnyObject {
    /// Something looks different in a region of global coordinates.
    func addDamage(_ region: Region)
    /// The same in a rectangle.
    func addDamage(_ rectangle: Rectangle)
    /// Something came, went or moved. What that means is found out when the scene is drawn.
    func requestFrame()
    /// Something that isn't in the scene looks different.
    func changedOutside()
}

extension SceneListener {
    func changedOutside() {}
}

/// Somebody who shows a part of the scene.
protocol SceneViewer: SceneListener {
    /// What it shows, in global coordinates.
    var bounds: Rectangle { get }
    /// How much work a pixel of an item is, where that of one that is merely copied is 1.
    func effort(of item: PlacedItem) -> Int
}
