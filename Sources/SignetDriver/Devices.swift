internal import WaylandClient
internal import WaylandWire

/// A button of the pointer, by its code in input-event-codes.h.
public struct MouseButton: Hashable, Sendable {
    /// As BTN_LEFT.
    public let code: UInt32

    /// One with a code.
    public init(code: UInt32) { self.code = code }

    /// BTN_LEFT.
    public static let left = MouseButton(code: 0x110)
    /// BTN_MIDDLE.
    public static let middle = MouseButton(code: 0x112)
    /// BTN_RIGHT.
    public static let right = MouseButton(code: 0x111)

    /// A name, or a number as X and xdotool have them: 1 left, 2 middle, 3 right, 8 back, 9 forward. Nil where it is
    /// neither.
    public init?(_ name: String) {
        switch name {
        case "left", "1": self = .left
        case "middle", "2": self = .middle
        case "right", "3": self = .right
        case "back", "8": self = MouseButton(code: 0x113)
        case "forward", "9": self = MouseButton(code: 0x114)
        default: return nil
        }
    }
}

/// A place: in a window's own coordinates where there is one, else in global coordinates.
public struct DriverPlace {
    /// From the left.
    public var x: Double
    /// From the top.
    public var y: Double
    /// Whose coordinates they are.
    public var window: DriverWindow?

    /// A place.
    public init(x: Double, y: Double, in window: DriverWindow? = nil) {
        (self.x, self.y, self.window) = (x, y, window)
    }

    var fixed: (x: Fixed, y: Fixed) { (Fixed(x), Fixed(y)) }
}

extension Driver {
    /// Moves the pointer to a place.
    public func moveMouse(to place: DriverPlace) throws(DriverError) {
        put(place)
        try settle(place.window)
    }

    private func put(_ place: DriverPlace) {
        player.move(window: place.window?.proxy, x: place.fixed.x, y: place.fixed.y)
    }

    /// Moves the pointer by so much, in units of the scene.
    public func moveMouse(dx: Double, dy: Double) throws(DriverError) {
        player.step(dx: Fixed(dx), dy: Fixed(dy))
        try settle()
    }

    /// Presses and releases a button, at a place where there is one, several times for a double click or more.
    public func click(
        _ button: MouseButton = .left,
        at place: DriverPlace? = nil,
        times: Int = 1
    ) throws(DriverError) {
        if let place { try moveMouse(to: place) }
        for time in 0..<max(0, times) {
            // What comes of a press may be somewhere else than what the pointer was on.
            if time > 0, time % 16 == 0 { try settle() }
            player.button(button: button.code, pressed: 1)
            player.button(button: button.code, pressed: 0)
        }
        try settle(place?.window)
    }

    /// Presses a button.
    public func press(_ button: MouseButton) throws(DriverError) {
        player.button(button: button.code, pressed: 1)
        try settle()
    }

    /// Releases a button.
    public func release(_ button: MouseButton) throws(DriverError) {
        player.button(button: button.code, pressed: 0)
        try settle()
    }

    /// Presses a button at one place, moves the pointer to another in steps, and releases it there. The clients deal
    /// with each step before the next.
    public func drag(
        _ button: MouseButton = .left,
        from start: DriverPlace,
        to end: DriverPlace,
        steps: Int = 10
    ) throws(DriverError) {
        try moveMouse(to: start)
        try press(button)
        let (from, to) = (global(start), global(end))
        for step in 1...max(1, steps) {
            let part = Double(step) / Double(max(1, steps))
            put(DriverPlace(x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part))
            try settle()
        }
        try release(button)
    }

    /// In global coordinates, as the window is placed now.
    private func global(_ place: DriverPlace) -> (x: Double, y: Double) {
        guard let frame = place.window?.frame else { return (place.x, place.y) }
        return (place.x + Double(frame.x), place.y + Double(frame.y))
    }

    /// Turns the wheel by so many steps, down or to the right where that is more than 0.
    public func scroll(vertical: Int = 0, horizontal: Int = 0, at place: DriverPlace? = nil) throws(DriverError) {
        if let place { try moveMouse(to: place) }
        for (axis, steps) in [(WlPointer.Axis.verticalScroll, vertical), (.horizontalScroll, horizontal)] {
            for step in 0..<min(steps.magnitude, 10_000) {
                if step > 0, step % 16 == 0 { try settle() }
                let direction = steps.signum()
                player.scroll(
                    axis: axis,
                    value: Fixed(Double(15 * direction)),
                    value120: Int32(120 * direction),
                    source: .wheel
                )
            }
        }
        try settle(place?.window)
    }

    /// Puts a finger down; nothing where it is down already.
    public func touchDown(_ finger: Int = 0, at place: DriverPlace) throws(DriverError) {
        let (x, y) = place.fixed
        player.touchDown(finger: Int32(clamping: finger), window: place.window?.proxy, x: x, y: y)
        try settle(place.window)
    }

    /// Moves a finger that is down.
    public func touchMove(_ finger: Int = 0, to place: DriverPlace) throws(DriverError) {
        let (x, y) = place.fixed
        player.touchMove(finger: Int32(clamping: finger), window: place.window?.proxy, x: x, y: y)
        try settle(place.window)
    }

    /// Lifts a finger.
    public func touchUp(_ finger: Int = 0) throws(DriverError) {
        player.touchUp(finger: Int32(clamping: finger))
        try settle()
    }

    /// Leaves what is held down as it is when the driver is let go: whoever releases it next, does.
    public func leaveHeld() throws(DriverError) {
        player.leave()
        try update()
    }
}
