internal import Pixels
internal import WaylandServer

/// A `wl_region`: rectangles that a client collects before it says what they are for.
///
/// It is exact. Since an input region has to stay exact, a region that gets out of hand ends its client.
final class RegionObject: WlRegion.Requests {
    @safe @exclusivity(unchecked) private var region = Region()
    private let account: ClientAccount
    /// For what goes beyond the rectangles that any region may have.
    @safe @exclusivity(unchecked) private var charge: Charge?
    /// What surfaces were given since it changed last.
    @safe @exclusivity(unchecked) private var taken: ClientRegion?

    private let limit: Int
    /// As many rectangles cost no more than the object itself.
    private static let freeRectangles = 16

    init(account: ClientAccount) {
        self.account = account
        limit = account.limits.regionRectangles
    }

    /// The rectangles as they are now, for surfaces. All that get them before they change have the same.
    func take() throws(ProtocolError) -> ClientRegion {
        if let taken { return taken }
        let new = try ClientRegion(region, account: account)
        taken = new
        return new
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

    /// A region costs time by its rectangles in every later request, and memory.
    private func check() throws(ProtocolError) {
        taken = nil
        let (count, most) = (region.rectangleCount, 4 * limit)
        if count <= min(Self.freeRectangles, most), charge == nil { return }
        guard count <= most else {
            throw .noMemory("a region of more than \(most) rectangles is too much; use fewer, larger ones")
        }
        try account.change(&charge, to: count, of: .rectangles)
    }
}

/// A region as it was when a surface was given it.
final class ClientRegion {
    /// The rectangles.
    let region: Region
    /// The same with fewer of them, none of which reaches further: for what is merely a hint.
    let inner: Region
    private let charge: Charge?

    fileprivate init(_ region: Region, account: ClientAccount) throws(ProtocolError) {
        let limit = account.limits.opaqueRectangles
        self.region = region
        inner = region.coarsenedInward(limit: limit)
        let count = region.rectangleCount + (region.rectangleCount > limit ? limit : 0)
        charge = count > 1 ? try account.charge(count, of: .rectangles) : nil
    }
}
