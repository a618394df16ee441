internal import Pixels
internal import WaylandServer

/// `xdg_positioner`: rules for where a popup goes, collected and checked.
final class Positioner: XdgPositioner.Requests {
    private(set) var rules = PopupRules()

    func setSize(_ resource: XdgPositioner, width: Int32, height: Int32) throws(ProtocolError) {
        guard width > 0, height > 0 else {
            throw ProtocolError(
                XdgPositioner.Error.invalidInput,
                "a popup's size is 1x1 or more, not \(width)x\(height)"
            )
        }
        rules.size = Size(width: Int(width), height: Int(height))
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
        rules.anchorRectangle = Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
    }

    func setAnchor(_ resource: XdgPositioner, anchor: XdgPositioner.Anchor) throws(ProtocolError) {
        rules.anchor = try side(anchor, "anchor")
    }

    func setGravity(_ resource: XdgPositioner, gravity: XdgPositioner.Gravity) throws(ProtocolError) {
        // Both enumerations have the same values.
        rules.gravity = try side(XdgPositioner.Anchor(rawValue: gravity.rawValue), "gravity")
    }

    private func side(_ side: XdgPositioner.Anchor, _ what: String) throws(ProtocolError) -> PopupRules.Side {
        switch side {
        case .none: PopupRules.Side()
        case .top: PopupRules.Side(y: -1)
        case .bottom: PopupRules.Side(y: 1)
        case .left: PopupRules.Side(x: -1)
        case .right: PopupRules.Side(x: 1)
        case .topLeft: PopupRules.Side(x: -1, y: -1)
        case .bottomLeft: PopupRules.Side(x: -1, y: 1)
        case .topRight: PopupRules.Side(x: 1, y: -1)
        case .bottomRight: PopupRules.Side(x: 1, y: 1)
        case .unrecognized(let value):
            throw ProtocolError(XdgPositioner.Error.invalidInput, "\(value) is no xdg_positioner.\(what)")
        }
    }

    func setConstraintAdjustment(_ resource: XdgPositioner, constraintAdjustment: UInt32) throws(ProtocolError) {
        let wanted = XdgPositioner.ConstraintAdjustment(rawValue: constraintAdjustment)
        rules.adjustment.x.flips = wanted.contains(.flipX)
        rules.adjustment.x.slides = wanted.contains(.slideX)
        rules.adjustment.x.resizes = wanted.contains(.resizeX)
        rules.adjustment.y.flips = wanted.contains(.flipY)
        rules.adjustment.y.slides = wanted.contains(.slideY)
        rules.adjustment.y.resizes = wanted.contains(.resizeY)
    }

    func setOffset(_ resource: XdgPositioner, x: Int32, y: Int32) throws(ProtocolError) {
        rules.offset = Point(x: Int(x), y: Int(y))
    }

    func setReactive(_ resource: XdgPositioner) throws(ProtocolError) {
        rules.isReactive = true
    }

    // The two say what the parent is going to be like, for which the anchor rectangle is meant. Nothing follows from
    // that: the popup is placed by the rectangle, and where the parent is when it appears.

    func setParentSize(_ resource: XdgPositioner, parentWidth: Int32, parentHeight: Int32) throws(ProtocolError) {}

    func setParentConfigure(_ resource: XdgPositioner, serial: UInt32) throws(ProtocolError) {}
}
