internal import Pixels

/// What can be chosen of an output.
struct OutputState: Equatable {
    var mode: OutputMode
    /// The top left corner, in global coordinates.
    var position: Point
    /// How its pixels are turned; see ``View/orientation``.
    var orientation = Orientation.normal

    /// How it shows the scene.
    var view: View {
        View(origin: position, scale: mode.scale, orientation: orientation, size: mode.size)
    }
}
