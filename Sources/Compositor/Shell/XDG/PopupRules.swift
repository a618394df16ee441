internal import Pixels

/// What an `xdg_positioner` says: where a popup goes, and what is to be tried where there is no room.
///
/// Everything is in the coordinates of the parent's window geometry. Source: xdg_positioner.
struct PopupRules {
    /// An edge or a corner of a rectangle, or its middle, along one axis each: -1 is left or top, 1 is right or bottom.
    struct Side {
        var x = 0
        var y = 0
    }

    /// What is to be tried along an axis, in this order.
    struct Adjustment {
        var flips = false
        var slides = false
        var resizes = false
    }

    var size = Size(width: 0, height: 0)
    /// What the popup belongs to: a menu's button, say.
    var anchorRectangle: Rectangle?
    /// The part of that rectangle at which the popup is.
    var anchor = Side()
    /// The direction from there in which the popup goes.
    var gravity = Side()
    var adjustment = (x: Adjustment(), y: Adjustment())
    /// Is added to where it would be.
    var offset = Point(x: 0, y: 0)
    /// Whether it is to be placed anew when what there is room for has changed.
    var isReactive = false

    /// Whether they say enough to place anything.
    var isComplete: Bool { !size.isEmpty && anchorRectangle != nil }

    /// Where the popup goes, with room in `bounds` if possible.
    func place(in bounds: Rectangle?) -> Rectangle {
        let rectangle = anchorRectangle ?? Rectangle(x: 0, y: 0, width: 0, height: 0)
        let x = Axis(
            anchorRange: rectangle.minX..<rectangle.maxX,
            anchor: anchor.x,
            gravity: gravity.x,
            length: size.width,
            offset: offset.x
        ).place(in: bounds.map { $0.minX..<$0.maxX }, adjustment.x)
        let y = Axis(
            anchorRange: rectangle.minY..<rectangle.maxY,
            anchor: anchor.y,
            gravity: gravity.y,
            length: size.height,
            offset: offset.y
        ).place(in: bounds.map { $0.minY..<$0.maxY }, adjustment.y)
        return Rectangle(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count)
    }

    /// The same along one axis.
    private struct Axis {
        let anchorRange: Range<Int>
        let anchor: Int
        let gravity: Int
        let length: Int
        let offset: Int

        func place(in bounds: Range<Int>?, _ adjustment: Adjustment) -> Range<Int> {
            var place = range(anchor: anchor, gravity: gravity)
            guard let bounds, !bounds.isEmpty else { return place }
            func fits(_ range: Range<Int>) -> Bool {
                range.lowerBound >= bounds.lowerBound && range.upperBound <= bounds.upperBound
            }
            if fits(place) { return place }
            if adjustment.flips {
                let flipped = range(anchor: -anchor, gravity: -gravity)
                if fits(flipped) { return flipped }
            }
            if adjustment.slides {
                place = slid(place, in: bounds)
                if fits(place) { return place }
            }
            if adjustment.resizes {
                let rest = place.clamped(to: bounds)
                if !rest.isEmpty { place = rest }
            }
            return place
        }

        private func range(anchor: Int, gravity: Int) -> Range<Int> {
            let point =
                switch anchor {
                case ..<0: anchorRange.lowerBound
                case 0: anchorRange.lowerBound + anchorRange.count / 2
                default: anchorRange.upperBound
                }
            let start =
                switch gravity {
                case ..<0: point - length
                case 0: point - length / 2
                default: point
                }
            return start + offset..<start + offset + length
        }

        /// First in the direction of the gravity until the end behind it has room, or the one before it has none; then
        /// the other way.
        private func slid(_ range: Range<Int>, in bounds: Range<Int>) -> Range<Int> {
            var range = range
            func slideForward() {
                let wanted = bounds.lowerBound - range.lowerBound
                let room = bounds.upperBound - range.upperBound
                let step = min(wanted, room)
                if step > 0 { range = range.lowerBound + step..<range.upperBound + step }
            }
            func slideBack() {
                let wanted = range.upperBound - bounds.upperBound
                let room = range.lowerBound - bounds.lowerBound
                let step = min(wanted, room)
                if step > 0 { range = range.lowerBound - step..<range.upperBound - step }
            }
            if gravity < 0 {
                slideBack()
                slideForward()
            } else {
                slideForward()
                slideBack()
            }
            return range
        }
    }
}
