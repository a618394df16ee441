internal import Pixels
internal import WaylandServer

/// `wl_output`: tells clients what an output is like.
final class OutputGlobal: WlOutput.Requests {
    /// The output that it tells about; nil once that is gone.
    private(set) weak var output: Output?

    init(on display: Display, output: Output) {
        self.output = output
        Global<WlOutput>(on: display) { [self, unowned output] resource in
            resource.handler = self
            output.bound(resource)
            describe(output, to: resource)
        }
    }

    private func describe(_ output: Output, to resource: WlOutput) {
        let mode = output.mode
        resource.sendGeometry(
            x: Int32(output.position.x),
            y: Int32(output.position.y),
            physicalWidth: 0,
            physicalHeight: 0,
            subpixel: .unknown,
            make: "Signet",
            model: "headless",
            transform: .normal
        )
        resource.sendMode(
            flags: [.current, .preferred],
            width: Int32(mode.width),
            height: Int32(mode.height),
            refresh: Int32(mode.refresh)
        )
        resource.sendScale(factor: Int32(mode.scale))
        resource.sendName(name: output.name)
        resource.sendDescription(description: output.description)
        resource.sendDone()
    }

    func destroyed(_ resource: WlOutput) {
        output?.unbound(resource)
    }
}
