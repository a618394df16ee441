internal import WaylandServer

/// `wp_fractional_scale_v1`: tells a client at which scale its surface is best drawn.
private final class FractionalScale: WpFractionalScaleV1.Requests {
    private weak var surface: Surface?
    private var told: Scale?

    init(_ surface: Surface) {
        self.surface = surface
    }

    /// Sends the largest scale of the outputs that the surface is on.
    func update(_ resource: WpFractionalScaleV1, otherwise fallback: Scale) {
        let scale = surface?.outputs.map(\.view.scale).max() ?? fallback
        if scale == told { return }
        told = scale
        resource.sendPreferredScale(scale: UInt32(scale.in120ths))
    }

    func destroyed(_ resource: WpFractionalScaleV1) {
        surface?.giveUp(FractionalScale.self)
        surface?.onOutputsChange = nil
    }
}

/// `wp_fractional_scale_manager_v1`: tells clients their surfaces' scales.
final class FractionalScaleGlobal: WpFractionalScaleManagerV1.Requests, Service {
    private let layout: OutputLayout

    init(layout: OutputLayout) {
        self.layout = layout
    }

    func bind(_ resource: WpFractionalScaleManagerV1) { resource.handler = self }

    func getFractionalScale(
        _ resource: WpFractionalScaleManagerV1,
        id: WpFractionalScaleV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        try surface.claim(
            FractionalScale.self,
            "wp_fractional_scale_v1",
            otherwise: WpFractionalScaleManagerV1.Error.fractionalScaleExists
        )
        let object = FractionalScale(surface)
        let fallback = layout.primary?.view.scale ?? 1
        id.handler = object
        surface.onOutputsChange = { [weak object, weak id] in
            if let id { object?.update(id, otherwise: fallback) }
        }
        object.update(id, otherwise: fallback)
    }
}
