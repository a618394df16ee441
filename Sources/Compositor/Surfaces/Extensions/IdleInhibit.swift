internal import WaylandServer

/// `zwp_idle_inhibit_manager_v1`: keeps outputs on while a surface is shown. Headless ones never go off, so there is
/// nothing to do but to say that it was understood.
final class IdleInhibitGlobal: ZwpIdleInhibitManagerV1.Requests, Service {
    func bind(_ resource: ZwpIdleInhibitManagerV1) { resource.handler = self }

    func createInhibitor(
        _ resource: ZwpIdleInhibitManagerV1,
        id: ZwpIdleInhibitorV1,
        surface: WlSurface
    ) throws(ProtocolError) {
        _ = try Surface.of(surface)
    }
}
