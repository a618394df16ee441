public import Pixels

/// What a device, or somebody who plays one, has to say.
///
/// Codes are those of Linux's input-event-codes.h, places are in global coordinates. See ``Compositor/send(_:)``.
public enum InputEvent: Hashable, Sendable {
    /// The pointer is moved to a place; to the nearest one that an output shows.
    case pointerMotion(to: Position)
    /// The pointer is moved by so much.
    case pointerStep(dx: Double, dy: Double)
    /// A button goes down or comes up, as BTN_LEFT.
    case pointerButton(UInt32, isPressed: Bool)
    /// A wheel is turned, or something is scrolled.
    case pointerScroll(Scroll)
    /// A key goes down or comes up, as KEY_A.
    case key(UInt32, isPressed: Bool)
    /// A finger, one of several with numbers of their own, is put down.
    case touchDown(Int32, at: Position)
    /// A finger is moved.
    case touchMotion(Int32, to: Position)
    /// A finger is lifted.
    case touchUp(Int32)
    /// What the fingers did so far is to mean nothing.
    case touchCancel
}

/// A movement along one axis.
public struct Scroll: Hashable, Sendable {
    /// Which way it goes.
    public enum Axis: Hashable, Sendable {
        /// Downwards, where the value is positive.
        case vertical
        /// To the right.
        case horizontal
    }

    /// What makes it; wl_pointer.axis_source has the meanings.
    public enum Source: Hashable, Sendable {
        /// A wheel with steps.
        case wheel
        /// Something that knows when it is let go.
        case finger
        /// Something without steps that doesn't.
        case continuous
        /// A wheel that is tilted.
        case wheelTilt
    }

    /// Which way it goes.
    public var axis: Axis
    /// How far, in units of motion on a surface; 0 says that the finger was lifted.
    public var value: Double
    /// A wheel's step is 120; parts of one add up. 0 where there are none.
    public var value120: Int32
    /// What makes it.
    public var source: Source

    /// A movement by `value`, or by a part of a wheel's step.
    public init(_ axis: Axis, by value: Double, value120: Int32 = 0, source: Source) {
        self.axis = axis
        self.value = value
        self.value120 = value120
        self.source = source
    }
}
