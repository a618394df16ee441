internal import WaylandServer

/// `wp_fractional_scale_v1`: tells a client at which scale its surface is best drawn.
private final class FractionalScale: WpFractionalScaleV1.Requests {
    private weak var surface: Surface?
    private var told = 0

    init(_ surface: Surface) {
        self.surface = surface
    }

    /// Sends the largest scale of the outputs that the surface is on, in units of 1/120.
    func update(_ resource: WpFractionalScaleV1, otherwise fallback: Int) {
        let scale = surface?.outputs.map(\.mode.scale).max() ?? fallback
        if scale == told { return }
        told = scale
        resource.sendPreferredScale(scale: UInt32(scale * 120))
    }

    func destroyed(_ resource: WpFractionalScaleV1) {
        surface?.giveUp(FractionalScale.self)
        surface?.onOutputsChange = nil
    }
}

/// `wp_fractional_scale_manager_v1`: tells clients their surfaces' scales.
final class FractionalScaleGlobal: WpFractionalScaleManagerV1.Requests {
    private let scene: Scene

    init(on display: Display, scene: Scene) {
        self.scene = scene
        Global<WpFractionalScaleManagerV1>(on: display) { [self] resource in resource.handler = self }
    }

    func getFractionalScale(
        _ resource: WpFractionalScaleManagerV1,
        id: WpFractionalScaleV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        guard surface.claim(FractionalScale.self) else {
            throw ProtocolError(
                WpFractionalScaleManagerV1.Error.fractionalScaleExists,
                "wl_surface@\(surface.resource.id) has a wp_fractional_scale_v1 already"
            )
        }
        let object = FractionalScale(surface)
        let fallback = scene.primaryOutput?.mode.scale ?? 1
        id.handler = object
        surface.onOutputsChange = { [weak object, weak id] in
            if let id { object?.update(id, otherwise: fallback) }
        }
        object.update(id, otherwise: fallback)
    }
}
