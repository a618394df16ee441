import SharedMemory
import WaylandServer

/// wl_compositor and its objects, with handlers that note a number.
final class Least: WlCompositor.Requests {
    private final class Surface: WlSurface.Requests {
        var damage: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        var buffer: WlBuffer?
        var commits = 0

        func attach(_ resource: WlSurface, buffer: WlBuffer?, x: Int32, y: Int32) { self.buffer = buffer }
        func damageBuffer(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) {
            damage = (x, y, width, height)
        }
        func commit(_ resource: WlSurface) { commits += 1 }
        func damage(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) {}
        func frame(_ resource: WlSurface, callback: WlCallback) {}
        func setOpaqueRegion(_ resource: WlSurface, region: WlRegion?) {}
        func setInputRegion(_ resource: WlSurface, region: WlRegion?) {}
        func setBufferTransform(_ resource: WlSurface, transform: WlOutput.Transform) {}
        func setBufferScale(_ resource: WlSurface, scale: Int32) {}
        func offset(_ resource: WlSurface, x: Int32, y: Int32) {}
    }

    private final class Region: WlRegion.Requests {
        var last: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)

        func add(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) { last = (x, y, width, height) }
        func subtract(_ resource: WlRegion, x: Int32, y: Int32, width: Int32, height: Int32) {}
    }

    func createSurface(_ resource: WlCompositor, id: WlSurface) { id.handler = Surface() }
    func createRegion(_ resource: WlCompositor, id: WlRegion) { id.handler = Region() }

    func run(_ socket: consuming Descriptor) {
        let display = Display()
        Global<WlCompositor>(on: display) { $0.handler = self }
        _ = display.connect(socket)
        while display.clientCount > 0 {
            display.flushClients()
            display.loop.dispatch(timeout: -1)
        }
    }
}
