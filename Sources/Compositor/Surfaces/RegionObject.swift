internal import Pixels
internal import WaylandServer

/// A `wl_region`: rectangles that a client collects before it says what they are for.
///
/// It is exact; who uses it as an opaque region coarsens it there. Since an input region has to stay exact, a region
/// that gets out of hand ends its client.
final class RegionObject: WlRegion.Requests {
    private(set) var region = Region()
    private let limits: Limits

    init(limits: Limits) {
        self.limits = limits
    }

    func add(
        _ resource: WlRegion,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        guard width > 0, height > 0 else { return }
        region.formUnion(Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height)))
        try check()
    }

    func subtract(
        _ resource: WlRegion,
        x: Int32,
        y: Int32,
        width: Int32,
        height: Int32
    ) throws(ProtocolError) {
        guard width > 0, height > 0 else { return }
        region.subtract(Region(Rectangle(x: Int(x), y: Int(y), width: Int(width), height: Int(height))))
        try check()
    }

    /// A region costs time by its rectangles in every later request.
    private func check() throws(ProtocolError) {
        let limit = 4 * limits.regionRectangles
        guard region.rectangleCount <= limit else {
            throw .noMemory("a region of more than \(limit) rectangles is too much; use fewer, larger ones")
        }
    }
}
