internal import WaylandServer

/// `signet_inspect_manager_v1`: what clients hold, for programs of the user who runs the compositor, and of root (R1).
final class InspectManagerGlobal: SignetInspectManagerV1.Requests, Service {
    private unowned let compositor: Compositor
    private let queue: InspectionQueue

    init(compositor: Compositor) {
        self.compositor = compositor
        queue = InspectionQueue(loop: compositor.display.loop)
    }

    func bind(_ resource: SignetInspectManagerV1) { resource.handler = self }

    func inspect(_ resource: SignetInspectManagerV1, id: SignetInspectionV1) throws(ProtocolError) {
        let inspection = Inspection(id, compositor: compositor)
        id.handler = inspection
        try queue.add(inspection, of: resource.client)
    }
}
