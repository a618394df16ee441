internal import Pixels
internal import WaylandServer

/// Has all that the pointer does, instead of surfaces, until the last button is released, or all that a finger does,
/// until it is lifted: moves a window, say.
protocol PointerGrab: AnyObject {
    /// The pointer, or the finger, is at another place, in global coordinates.
    func motion(to position: Position)
    /// All buttons are released, the finger is lifted, or what it was about is gone.
    func ended()
    /// Something may have come, gone or moved under the pointer.
    func sceneChanged()
    /// What was done so far is to mean nothing.
    func cancelled()
}

extension PointerGrab {
    func sceneChanged() {}
    func cancelled() { ended() }
}

/// One that is about a window, and ends with it.
protocol WindowGrab: PointerGrab {
    var window: Window { get }
}

/// Has the seat's input for one client alone, as a menu does: whoever presses something elsewhere ends it.
protocol InputGrab: AnyObject {
    /// Whose surfaces hear of the pointer and of fingers; nil is nobody's.
    var client: Client? { get }
    /// Who hears of keys.
    var keyboardFocus: Drawable? { get }
    /// Somebody pressed something elsewhere.
    func dismiss()
    /// The pointer is at another place, in global coordinates.
    func pointerMoved(to position: Position)
    /// The last button is released, which was pressed before or on nothing.
    func pointerReleased()
}

extension InputGrab {
    func pointerMoved(to position: Position) {}
    func pointerReleased() {}
}
