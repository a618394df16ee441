internal import Pixels
internal import WaylandServer

/// `wl_output`: tells clients what an output is like.
final class OutputGlobal: WlOutput.Requests {
    /// The output that it tells about; nil once that is gone.
    private(set) weak var output: Output?
    private var global: Global<WlOutput>?

    init(on display: Display, output: Output) {
        self.output = output
        global = Global(on: display) { [unowned self] resource in
            guard let output = self.output else { return }
            resource.handler = self
            describe(output, to: resource)
            output.bound(resource)
        }
    }

    /// Takes the announcement back; what clients have bound stays, and is about nothing.
    func withdraw() {
        global?.withdraw()
        output = nil
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
