internal import Pixels
internal import WaylandServer

/// `wl_output`: tells clients what an output is like.
final class OutputGlobal: WlOutput.Requests, Service {
    /// The output that it tells about; nil once that is gone.
    private(set) weak var output: Output?
    private var resources = OrderedDictionary<ObjectIdentifier, WlOutput>()
    private var xdgOutputs = OrderedDictionary<ObjectIdentifier, XdgOutput>()

    init(output: Output) {
        self.output = output
        output.onStateChange = { [weak self] in self?.tellAll() }
    }

    func bind(_ resource: WlOutput) {
        guard let output else { return }
        resource.handler = self
        describe(output, to: resource)
        resources[ObjectIdentifier(resource)] = resource
        output.bound(resource)
    }

    /// Clients hear what the output is like now.
    private func tellAll() {
        guard let output else { return }
        for resource in resources.values { describe(output, to: resource) }
    }

    /// The output is gone; what clients have bound stays, and is about nothing.
    func outputRemoved() { output = nil }

    private func describe(_ output: Output, to resource: WlOutput) {
        let mode = output.mode
        resource.sendGeometry(
            x: Int32(output.bounds.x),
            y: Int32(output.bounds.y),
            physicalWidth: 0,
            physicalHeight: 0,
            subpixel: .unknown,
            make: "Signet",
            model: output.model,
            transform: .init(output.state.orientation)
        )
        resource.sendMode(
            flags: [.current, .preferred],
            width: Int32(mode.width),
            height: Int32(mode.height),
            refresh: Int32(mode.refresh)
        )
        resource.sendScale(factor: Int32(mode.scale.roundedUp))
        resource.sendName(name: output.name)
        resource.sendDescription(description: output.description)
        for object in xdgOutputs.values where object.output === resource { object.describe(output) }
        resource.sendDone()
    }

    func destroyed(_ resource: WlOutput) {
        resources[ObjectIdentifier(resource)] = nil
        output?.unbound(resource)
    }

    func add(_ object: XdgOutput) { xdgOutputs[ObjectIdentifier(object)] = object }

    func remove(_ object: XdgOutput) { xdgOutputs[ObjectIdentifier(object)] = nil }
}

extension WlOutput.Transform {
    /// The numbers are the same.
    init(_ orientation: Orientation) {
        self = WlOutput.Transform(rawValue: orientation.rawValue)
    }
}
