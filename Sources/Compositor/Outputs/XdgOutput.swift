internal import Pixels
internal import WaylandServer

/// `zxdg_output_manager_v1`: tells clients where outputs are and how large, in the scene's coordinates.
final class XdgOutputGlobal: ZxdgOutputManagerV1.Requests {
    init(on display: Display) {
        Global<ZxdgOutputManagerV1>(on: display) { [self] resource in resource.handler = self }
    }

    func getXdgOutput(
        _ resource: ZxdgOutputManagerV1,
        id: ZxdgOutputV1,
        output: WlOutput
    ) throws(ProtocolError) {
        guard let known = (output.handler as? OutputGlobal)?.output else { return }
        id.sendLogicalPosition(x: Int32(known.bounds.x), y: Int32(known.bounds.y))
        id.sendLogicalSize(width: Int32(known.bounds.width), height: Int32(known.bounds.height))
        id.sendName(name: known.name)
        id.sendDescription(description: known.description)
        // Since version 3 wl_output.done ends both.
        if id.version < 3 { id.sendDone() } else { output.sendDone() }
    }
}
