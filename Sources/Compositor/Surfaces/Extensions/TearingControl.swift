internal import WaylandServer

/// Whether a surface may be shown without waiting for the display: a hint. A headless frame never tears.
enum TearingHint: SurfaceSetting {
    typealias Value = WpTearingControlV1.PresentationHint
}

/// `wp_tearing_control_v1`: sets a surface's ``TearingHint``.
private final class TearingControl: WpTearingControlV1.Requests {
    private weak var surface: Surface?

    init(_ surface: Surface) {
        self.surface = surface
    }

    func setPresentationHint(
        _ resource: WpTearingControlV1,
        hint: WpTearingControlV1.PresentationHint
    ) throws(ProtocolError) {
        surface?.pending[Setting<TearingHint>.self].value = hint
    }

    func destroyed(_ resource: WpTearingControlV1) {
        surface?.giveUp(TearingControl.self)
        surface?.pending[Setting<TearingHint>.self].value = .vsync
    }
}

/// `wp_tearing_control_manager_v1`: takes hints about tearing.
final class TearingControlGlobal: WpTearingControlManagerV1.Requests, Service {
    func bind(_ resource: WpTearingControlManagerV1) { resource.handler = self }

    func getTearingControl(
        _ resource: WpTearingControlManagerV1,
        id: WpTearingControlV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        let surface = try Surface.of(surface)
        try surface.claim(
            TearingControl.self,
            "wp_tearing_control_v1",
            otherwise: WpTearingControlManagerV1.Error.tearingControlExists
        )
        id.handler = TearingControl(surface)
    }
}
