internal import Pixels

/// A part of what the compositor draws around windows, or over them, that can be pressed.
final class FramePart: Drawable {
    override func takesInput(at point: Point) -> Bool { true }

    /// Shows a colour, 0xRRGGBB, however large it is.
    func fill(with color: UInt32) { appearance.content = SurfaceContent(SolidColor(color)) }
}

/// Something whose parts can be pressed: a window, by its title bar, or a menu.
protocol PressableNode: SceneNode {
    /// A button or a finger was pressed on one of its parts, at a place in global coordinates. What has the pointer, or
    /// the finger, from then on; nil where that means nothing. `time` is in milliseconds.
    func pressed(_ part: FramePart, with button: PressedButton, at position: Position, time: UInt32)
        -> (any PointerGrab)?
}

/// With what something was pressed.
enum PressedButton {
    /// The left button, or a finger.
    case first
    /// The right button.
    case menu
    case other

    /// By its code in input-event-codes.h.
    init(_ code: UInt32) {
        switch code {
        case 0x110: self = .first
        case 0x111: self = .menu
        default: self = .other
        }
    }
}

/// Has the pointer, or a finger, until it is lifted from the part that it was put on: then something is done, unless it
/// was lifted elsewhere.
final class PartPress: PointerGrab {
    private let isInside: (Position) -> Bool
    private let show: (Bool) -> Void
    private let action: () -> Void
    private var wasInside = true

    /// `isInside` tells whether a place is on the part, `show` shows whether it is pressed.
    init(
        isInside: @escaping (Position) -> Bool,
        show: @escaping (Bool) -> Void,
        action: @escaping () -> Void
    ) {
        self.isInside = isInside
        self.show = show
        self.action = action
        show(true)
    }

    func motion(to position: Position) {
        guard isInside(position) != wasInside else { return }
        wasInside.toggle()
        show(wasInside)
    }

    func ended() {
        show(false)
        if wasInside { action() }
    }

    func cancelled() { show(false) }
}
