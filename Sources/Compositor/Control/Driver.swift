internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `signet_driver_v1`: plays the seat's own devices for a client.
final class Driver: SignetDriverV1.Requests {
    private let source: InputSource

    init(seat: Seat) { source = InputSource(seat) }

    func destroyed(_ resource: SignetDriverV1) { source.end() }

    func leave(_ resource: SignetDriverV1) throws(ProtocolError) { source.leave() }

    /// A place of a request's, in global coordinates; nil where its window isn't there any more (R15).
    private func place(_ window: SignetWindowV1?, _ x: Fixed, _ y: Fixed) -> Position? {
        let place = Position(x: x.doubleValue, y: y.doubleValue)
        guard let window else { return place }
        guard let origin = ControlledWindow.of(window)?.shown?.geometryOrigin else { return nil }
        return place.from(origin.negated)
    }

    private func isPressed(_ value: UInt32, _ resource: SignetDriverV1) throws(ProtocolError) -> Bool {
        guard value <= 1 else {
            throw ProtocolError(
                SignetDriverV1.Error.invalidValue,
                "1 is pressed, 0 is released, and \(value) is neither",
                on: resource
            )
        }
        return value == 1
    }

    func move(_ resource: SignetDriverV1, window: SignetWindowV1?, x: Fixed, y: Fixed) throws(ProtocolError) {
        if let place = place(window, x, y) { source.send(.pointerMotion(to: place)) }
    }

    func step(_ resource: SignetDriverV1, dx: Fixed, dy: Fixed) throws(ProtocolError) {
        source.send(.pointerStep(dx: dx.doubleValue, dy: dy.doubleValue))
    }

    func button(_ resource: SignetDriverV1, button: UInt32, pressed: UInt32) throws(ProtocolError) {
        source.send(.pointerButton(button, isPressed: try isPressed(pressed, resource)))
    }

    func scroll(
        _ resource: SignetDriverV1,
        axis: WlPointer.Axis,
        value: Fixed,
        value120: Int32,
        source: WlPointer.AxisSource
    ) throws(ProtocolError) {
        guard let axis = Scroll.Axis(axis), let kind = Scroll.Source(source) else {
            throw ProtocolError(
                SignetDriverV1.Error.invalidValue,
                "axis \(axis.rawValue) or source \(source.rawValue) isn't one of wl_pointer's",
                on: resource
            )
        }
        self.source.send(.pointerScroll(Scroll(axis, by: value.doubleValue, value120: value120, source: kind)))
    }

    func key(_ resource: SignetDriverV1, key: UInt32, pressed: UInt32) throws(ProtocolError) {
        source.send(.key(key, isPressed: try isPressed(pressed, resource)))
    }

    func touchDown(
        _ resource: SignetDriverV1,
        finger: Int32,
        window: SignetWindowV1?,
        x: Fixed,
        y: Fixed
    ) throws(ProtocolError) {
        if let place = place(window, x, y) { source.send(.touchDown(finger, at: place)) }
    }

    func touchMove(
        _ resource: SignetDriverV1,
        finger: Int32,
        window: SignetWindowV1?,
        x: Fixed,
        y: Fixed
    ) throws(ProtocolError) {
        if let place = place(window, x, y) { source.send(.touchMotion(finger, to: place)) }
    }

    func touchUp(_ resource: SignetDriverV1, finger: Int32) throws(ProtocolError) { source.send(.touchUp(finger)) }
}

extension Scroll.Axis {
    /// Nil where there is no such axis.
    init?(_ axis: WlPointer.Axis) {
        switch axis {
        case .verticalScroll: self = .vertical
        case .horizontalScroll: self = .horizontal
        case .unrecognized: return nil
        }
    }
}

extension Scroll.Source {
    /// Nil where there is no such source.
    init?(_ source: WlPointer.AxisSource) {
        switch source {
        case .wheel: self = .wheel
        case .finger: self = .finger
        case .continuous: self = .continuous
        case .wheelTilt: self = .wheelTilt
        case .unrecognized: return nil
        }
    }
}
