internal import Pixels
internal import WaylandServer

/// `xdg_positioner`: rules for where a popup goes, collected and checked.
final class Positioner: XdgPositioner.Requests {
    /// In the parent's window geometry coordinates.
    private(set) var size = Size(width: 0, height: 0)
    private(set) var anchorRectangle: Rectangle?
    private(set) var anchor = XdgPositioner.Anchor.none
    private(set) var gravity = XdgPositioner.Gravity.none
    private(set) var constraintAdjustment = XdgPositioner.ConstraintAdjustment()
    private(set) var offset = Point(x: 0, y: 0)
    private(set) var isReactive = false
    private(set) var parentSize: Size?

    /// Whether the rules say enough to place anything.
    var isComplete: Bool { !size.isEmpty && anchorRectangle != nil }

    func setSize(_ resource: XdgPositioner, width: Int32, height: Int32) throws(ProtocolError) {
        guard width > 0, height > 0 else {
            throw ProtocolError(
                XdgPositioner.Error.invalidInput,
                "a popup's size is 1x1 or more, not \(width)x\(height)"
            )
        }
        size = Size(width: Int(width), height: Int(height))
    }

    func setAnchorRect(
        _ resource: XdgPositioner,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        guard width >= 0, height >= 0 else {
            throw ProtocolError(
                XdgPositioner.Error.invalidInput,
                "an anchor rectangle's size isn't negative as \(width)x\(height) is"
            )
        }
        anchorRectangle = Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
    }

    func setAnchor(_ resource: XdgPositioner, anchor: XdgPositioner.Anchor) throws(ProtocolError) {
        if case .unrecognized(let value) = anchor { throw unknown(value, "anchor") }
        self.anchor = anchor
    }

    func setGravity(_ resource: XdgPositioner, gravity: XdgPositioner.Gravity) throws(ProtocolError) {
        if case .unrecognized(let value) = gravity { throw unknown(value, "gravity") }
        self.gravity = gravity
    }

    func setConstraintAdjustment(_ resource: XdgPositioner, constraintAdjustment: UInt32) throws(ProtocolError) {
        self.constraintAdjustment = XdgPositioner.ConstraintAdjustment(rawValue: constraintAdjustment)
    }

    func setOffset(_ resource: XdgPositioner, x: Int32, y: Int32) throws(ProtocolError) {
        offset = Point(x: Int(x), y: Int(y))
    }

    func setReactive(_ resource: XdgPositioner) throws(ProtocolError) {
        isReactive = true
    }

    func setParentSize(_ resource: XdgPositioner, parentWidth: Int32, parentHeight: Int32) throws(ProtocolError) {
        parentSize = Size(width: Int(parentWidth), height: Int(parentHeight))
    }

    func setParentConfigure(_ resource: XdgPositioner, serial: UInt32) throws(ProtocolError) {
        // The popup would be placed for the parent as that configure makes it; nothing is placed yet.
    }

    private func unknown(_ value: UInt32, _ what: String) -> ProtocolError {
        ProtocolError(XdgPositioner.Error.invalidInput, "\(value) is no xdg_positioner.\(what)")
    }
}
