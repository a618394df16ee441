internal import WaylandServer

/// `wl_compositor`: makes surfaces and regions.
final class CompositorGlobal: WlCompositor.Requests, Service {
    private let scene: Scene
    private let scheduler: FrameScheduler

    init(scene: Scene, scheduler: FrameScheduler) {
        self.scene = scene
        self.scheduler = scheduler
    }

    func bind(_ resource: WlCompositor) { resource.handler = self }

    func createSurface(_ resource: WlCompositor, id: WlSurface) throws(ProtocolError) {
        id.handler = try Surface(resource: id, scene: scene, scheduler: scheduler)
    }

    func createRegion(_ resource: WlCompositor, id: WlRegion) throws(ProtocolError) {
        id.handler = RegionObject(account: resource.client.account)
    }
}
