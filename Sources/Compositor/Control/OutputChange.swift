internal import Pixels
internal import WaylandServer

/// `signet_output_change_v1`: gathers what is to be different about an output, and changes it at once.
final class OutputChange: SignetOutputChangeV1.Requests {
    private weak var output: Output?
    private unowned let compositor: Compositor
    private var size: (width: Int, height: Int)?
    private var refresh: Int?
    private var scale: Int?
    private var position: Point?
    private var isDone = false

    init(of output: Output?, compositor: Compositor) {
        self.output = output
        self.compositor = compositor
    }

    func setMode(
        _ resource: SignetOutputChangeV1,
        width: Int32,
        height: Int32,
        refresh: Int32
    ) throws(ProtocolError) {
        size = (Int(width), Int(height))
        self.refresh = refresh == 0 ? nil : Int(refresh)
    }

    func setScale(_ resource: SignetOutputChangeV1, scale: UInt32) throws(ProtocolError) { self.scale = Int(scale) }

    func setPosition(_ resource: SignetOutputChangeV1, x: Int32, y: Int32) throws(ProtocolError) {
        position = Point(x: Int(x), y: Int(y))
    }

    func apply(_ resource: SignetOutputChangeV1) throws(ProtocolError) {
        if isDone { return }
        isDone = true
        do throws(OutputError) {
            guard let output, compositor.outputs.contains(where: { $0 === output }) else {
                throw OutputError(description: "the output isn't there any more")
            }
            let new = try changed(output.state)
            try compositor.changeOutput(output) { $0 = new }
            resource.sendApplied()
        } catch {
            resource.sendRefused(reason: error.description)
        }
    }

    private func changed(_ state: OutputState) throws(OutputError) -> OutputState {
        var state = state
        if let size {
            guard OutputMode.lengths.contains(size.width), OutputMode.lengths.contains(size.height) else {
                throw OutputError(
                    description: "an output has 1 to \(OutputMode.lengths.upperBound) pixels each way, not "
                        + "\(size.width)x\(size.height)"
                )
            }
            (state.mode.width, state.mode.height) = size
        }
        if let refresh {
            guard OutputMode.refreshRates.contains(refresh) else {
                throw OutputError(description: "an output has 0.001 to 1000 frames a second, not \(refresh) / 1000")
            }
            state.mode.refresh = refresh
        }
        if let scale {
            guard scale > 0, OutputMode.scales.contains(Scale(in120ths: scale)) else {
                throw OutputError(description: "an output's scale is from 1 to 8, not \(scale) / 120")
            }
            state.mode.scale = Scale(in120ths: scale)
        }
        if let position {
            guard Self.places.contains(position.x), Self.places.contains(position.y) else {
                throw OutputError(
                    description: "an output is within \(Self.places.upperBound) units of the origin, and not at "
                        + "\(position.x),\(position.y)"
                )
            }
            state.position = position
        }
        return state
    }

    /// Where the protocol's numbers, and wl_fixed_t's, reach with room to spare.
    private static let places = -1_000_000...1_000_000
}
