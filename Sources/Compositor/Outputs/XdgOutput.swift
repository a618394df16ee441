internal import Pixels
internal import WaylandServer

/// `zxdg_output_v1`: tells a client where an output is and how large, in the scene's coordinates.
final class XdgOutput: ZxdgOutputV1.Requests {
    /// Whose `done` ends what is told, since version 3.
    private(set) weak var output: WlOutput?
    private let resource: ZxdgOutputV1
    private weak var global: OutputGlobal?
    /// The name and the description never change, and are told once.
    private var isNew = true

    init(_ resource: ZxdgOutputV1, of output: WlOutput, _ global: OutputGlobal) {
        self.resource = resource
        self.output = output
        self.global = global
        global.add(self)
    }

    /// Tells the client what the output is like. Something else ends that; see ``output``.
    func describe(_ output: Output) {
        resource.sendLogicalPosition(x: Int32(output.bounds.x), y: Int32(output.bounds.y))
        resource.sendLogicalSize(width: Int32(output.bounds.width), height: Int32(output.bounds.height))
        if isNew {
            resource.sendName(name: output.name)
            resource.sendDescription(description: output.description)
        }
        isNew = false
        if resource.version < 3 { resource.sendDone() }
    }

    func destroyed(_ resource: ZxdgOutputV1) { global?.remove(self) }
}

/// `zxdg_output_manager_v1`: makes objects that tell about outputs.
final class XdgOutputGlobal: ZxdgOutputManagerV1.Requests, Service {
    func bind(_ resource: ZxdgOutputManagerV1) { resource.handler = self }

    func getXdgOutput(
        _ resource: ZxdgOutputManagerV1,
        id: ZxdgOutputV1,
        output: WlOutput
    ) throws(ProtocolError) {
        guard let global = output.handler as? OutputGlobal, let known = global.output else { return }
        let object = XdgOutput(id, of: output, global)
        id.handler = object
        object.describe(known)
        if id.version >= 3 { output.sendDone() }
    }
}
