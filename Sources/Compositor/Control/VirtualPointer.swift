internal import Pixels
internal import WaylandServer
internal import WaylandWire

/// `zwlr_virtual_pointer_manager_v1`: pointer devices that clients play.
final class VirtualPointerManagerGlobal: ZwlrVirtualPointerManagerV1.Requests, Service {
    private unowned let seat: Seat
    private let layout: OutputLayout

    init(seat: Seat, layout: OutputLayout) {
        self.seat = seat
        self.layout = layout
    }

    func bind(_ resource: ZwlrVirtualPointerManagerV1) { resource.handler = self }

    func createVirtualPointer(
        _ resource: ZwlrVirtualPointerManagerV1,
        seat: WlSeat?,
        id: ZwlrVirtualPointerV1
    ) throws(ProtocolError) {
        id.handler = VirtualPointer(self.seat, layout, output: nil)
    }

    func createVirtualPointerWithOutput(
        _ resource: ZwlrVirtualPointerManagerV1,
        seat: WlSeat?,
        output: WlOutput?,
        id: ZwlrVirtualPointerV1
    ) throws(ProtocolError) {
        id.handler = VirtualPointer(self.seat, layout, output: (output?.handler as? OutputGlobal)?.output)
    }
}

/// `zwlr_virtual_pointer_v1`: a pointer device that a client plays.
///
/// Motion and buttons count at once; what is scrolled, with the next frame: only then it is known what scrolls.
final class VirtualPointer: ZwlrVirtualPointerV1.Requests {
    private let source: InputSource
    private let layout: OutputLayout
    private weak var output: Output?
    private var scrollSource = Scroll.Source.wheel
    /// What was scrolled since the last frame, one for each axis.
    private var scrolled = OrderedDictionary<Scroll.Axis, Scroll>()

    init(_ seat: Seat, _ layout: OutputLayout, output: Output?) {
        source = InputSource(seat)
        self.layout = layout
        self.output = output
    }

    func destroyed(_ resource: ZwlrVirtualPointerV1) { source.end() }

    func motion(_ resource: ZwlrVirtualPointerV1, time: UInt32, dx: Fixed, dy: Fixed) throws(ProtocolError) {
        source.send(.pointerStep(dx: dx.doubleValue, dy: dy.doubleValue))
    }

    func motionAbsolute(
        _ resource: ZwlrVirtualPointerV1,
        time: UInt32,
        x: UInt32,
        y: UInt32,
        xExtent: UInt32,
        yExtent: UInt32
    ) throws(ProtocolError) {
        guard xExtent > 0, yExtent > 0, let area else { return }
        let place = Position(
            x: Double(area.x) + Double(x) / Double(xExtent) * Double(area.width),
            y: Double(area.y) + Double(y) / Double(yExtent) * Double(area.height)
        )
        source.send(.pointerMotion(to: place))
    }

    /// Where it can go, in global coordinates.
    private var area: Rectangle? {
        if let output, layout.contains(output) { return output.bounds }
        let all = layout.outputs.map(\.bounds)
        return all.dropFirst().reduce(all.first) { $0?.union($1) }
    }

    func button(
        _ resource: ZwlrVirtualPointerV1,
        time: UInt32,
        button: UInt32,
        state: WlPointer.ButtonState
    ) throws(ProtocolError) {
        source.send(.pointerButton(button, isPressed: state == .pressed))
    }

    func axisSource(
        _ resource: ZwlrVirtualPointerV1,
        axisSource: WlPointer.AxisSource
    ) throws(ProtocolError) {
        guard let source = Scroll.Source(axisSource) else {
            throw ProtocolError(
                ZwlrVirtualPointerV1.Error.invalidAxisSource,
                "\(axisSource.rawValue) is no wl_pointer.axis_source",
                on: resource
            )
        }
        scrollSource = source
    }

    func axis(
        _ resource: ZwlrVirtualPointerV1,
        time: UInt32,
        axis: WlPointer.Axis,
        value: Fixed
    ) throws(ProtocolError) {
        try scroll(axis, by: value, steps: 0, resource)
    }

    func axisDiscrete(
        _ resource: ZwlrVirtualPointerV1,
        time: UInt32,
        axis: WlPointer.Axis,
        value: Fixed,
        discrete: Int32
    ) throws(ProtocolError) {
        try scroll(axis, by: value, steps: discrete, resource)
    }

    func axisStop(_ resource: ZwlrVirtualPointerV1, time: UInt32, axis: WlPointer.Axis) throws(ProtocolError) {
        try scroll(axis, by: Fixed(0), steps: 0, resource)
    }

    /// The last of several requests about an axis counts, as programs say the same with axis and axis_discrete.
    private func scroll(
        _ axis: WlPointer.Axis,
        by value: Fixed,
        steps: Int32,
        _ resource: ZwlrVirtualPointerV1
    ) throws(ProtocolError) {
        guard let axis = Scroll.Axis(axis) else {
            throw ProtocolError(
                ZwlrVirtualPointerV1.Error.invalidAxis,
                "\(axis.rawValue) is no wl_pointer.axis",
                on: resource
            )
        }
        let value120 = steps.multipliedReportingOverflow(by: 120).partialValue
        scrolled[axis] = Scroll(axis, by: value.doubleValue, value120: value120, source: scrollSource)
    }

    func frame(_ resource: ZwlrVirtualPointerV1) throws(ProtocolError) {
        if scrolled.isEmpty { return }
        let all = scrolled
        scrolled = OrderedDictionary()
        for var scroll in all.values {
            scroll.source = scrollSource
            source.send(.pointerScroll(scroll))
        }
    }
}
