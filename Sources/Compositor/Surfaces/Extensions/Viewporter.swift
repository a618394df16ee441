internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// Which part of a buffer a surface shows, and at which size.
struct Viewport: SurfaceStatePart {
    static let changesShape = true

    /// The part, in surface coordinates before it is scaled. The outer level: whether it is set; the inner: nil is all.
    var source: Placement.Crop??
    /// The surface's size. The outer level: whether it is set; the inner: nil leaves it to the source or the buffer.
    var destination: Size??
    /// Where errors go that show when everything is committed together.
    weak var resource: WpViewport?

    mutating func apply(_ newer: Viewport) {
        if let new = newer.source { source = .some(new) }
        if let new = newer.destination { destination = .some(new) }
        if let new = newer.resource { resource = new }
    }

    /// Whether anything but the whole buffer at its own size shows.
    var isSet: Bool { (source ?? nil) != nil || (destination ?? nil) != nil }

    /// The surface's size, where it isn't the buffer's.
    var size: Size? {
        if let destination = destination ?? nil { return destination }
        guard let source = source ?? nil else { return nil }
        return Size(width: Int(source.width), height: Int(source.height))
    }

    /// The part in upright buffer pixels; nil is all.
    func crop(scale: Int) -> Placement.Crop? {
        guard let source = source ?? nil else { return nil }
        let scale = Double(scale)
        return .init(
            x: source.x * scale,
            y: source.y * scale,
            width: source.width * scale,
            height: source.height * scale
        )
    }

    func check(_ state: SurfaceState) throws(ProtocolError) {
        guard let source = source ?? nil else { return }
        let isWhole = source.width.rounded() == source.width && source.height.rounded() == source.height
        guard isWhole || (destination ?? nil) != nil else {
            throw ProtocolError(
                WpViewport.Error.badSize,
                "without a destination the source's size is the surface's, and \(source.width)x\(source.height) "
                    + "isn't whole",
                on: resource
            )
        }
        guard let upright = state.uprightSize else { return }
        let scale = Double(state.scale)
        let (width, height) = (Double(upright.width) / scale, Double(upright.height) / scale)
        guard source.x + source.width <= width, source.y + source.height <= height else {
            throw ProtocolError(
                WpViewport.Error.outOfBuffer,
                "the source \(source.width)x\(source.height) at \(source.x), \(source.y) reaches out of a buffer of "
                    + "\(width)x\(height)",
                on: resource
            )
        }
    }
}

/// `wp_viewport`: the requests that set a surface's ``Viewport``.
private final class ViewportObject: WpViewport.Requests {
    private weak var surface: Surface?

    init(_ surface: Surface) {
        self.surface = surface
    }

    func setSource(
        _ resource: WpViewport,
        x: Fixed,
        y: Fixed,
        width: Fixed,
        height: Fixed
    ) throws(ProtocolError) {
        let surface = try livingSurface(resource)
        let numbers = [x, y, width, height].map(\.doubleValue)
        surface.pending[Viewport.self].resource = resource
        if numbers == [-1, -1, -1, -1] {
            surface.pending[Viewport.self].source = .some(nil)
            return
        }
        guard numbers[0] >= 0, numbers[1] >= 0, numbers[2] > 0, numbers[3] > 0 else {
            throw ProtocolError(
                WpViewport.Error.badValue,
                "a source is a rectangle inside of the buffer, or all numbers are -1; not \(width)x\(height) at "
                    + "\(x), \(y)"
            )
        }
        surface.pending[Viewport.self].source = .init(
            x: numbers[0],
            y: numbers[1],
            width: numbers[2],
            height: numbers[3]
        )
    }

    func setDestination(_ resource: WpViewport, width: Int32, height: Int32) throws(ProtocolError) {
        let surface = try livingSurface(resource)
        surface.pending[Viewport.self].resource = resource
        if width == -1, height == -1 {
            surface.pending[Viewport.self].destination = .some(nil)
            return
        }
        guard width > 0, height > 0 else {
            throw ProtocolError(
                WpViewport.Error.badValue,
                "a destination is 1x1 or more, or -1x-1 for none; not \(width)x\(height)"
            )
        }
        surface.pending[Viewport.self].destination = Size(width: Int(width), height: Int(height))
    }

    func destroyed(_ resource: WpViewport) {
        surface?.giveUp(ViewportObject.self)
        surface?.pending[Viewport.self] = Viewport(source: .some(nil), destination: .some(nil))
    }

    private func livingSurface(_ resource: WpViewport) throws(ProtocolError) -> Surface {
        guard let surface, surface.resource.isAlive else {
            throw ProtocolError(WpViewport.Error.noSurface, "the surface of wp_viewport@\(resource.id) is gone")
        }
        return surface
    }
}

/// `wp_viewporter`: crops and scales surfaces.
final class ViewporterGlobal: WpViewporter.Requests, Service {
    func bind(_ resource: WpViewporter) { resource.handler = self }

    func getViewport(_ resource: WpViewporter, id: WpViewport, surface: WlSurface) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        try surface.claim(ViewportObject.self, "wp_viewport", otherwise: WpViewporter.Error.viewportExists)
        id.handler = ViewportObject(surface)
    }
}
