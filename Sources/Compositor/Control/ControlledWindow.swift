internal import Pixels
internal import WaylandServer

/// `signet_window_v1`: a window in the hands of a program.
final class ControlledWindow: SignetWindowV1.Requests {
    /// What is told of a window.
    private struct Facts: Equatable {
        var title: PlainText
        var application: PlainText
        var geometry: Rectangle
        var state: SignetWindowV1.State
    }

    private weak var window: Window?
    private weak var resource: SignetWindowV1?
    /// Stands for the window also when it is gone.
    let identity: ObjectIdentifier
    private var told: Facts?
    /// Whether it is told of.
    var isFollowed = true
    private var isClosed = false

    init(_ window: Window, _ resource: SignetWindowV1) {
        self.window = window
        self.resource = resource
        identity = ObjectIdentifier(window)
    }

    static func of(_ resource: SignetWindowV1) -> ControlledWindow? { resource.handler as? ControlledWindow }

    /// The window, as long as it is there for whoever has the object (R11).
    var shown: Window? { isClosed || window?.isMapped != true ? nil : window }

    /// Whose window it is.
    var client: Client? { (shown?.keyboardFocus as? Surface)?.resource.client }

    /// Tells what is new; whether there was anything.
    func update(isActive: Bool) -> Bool {
        guard let window, isFollowed, let resource, resource.isAlive else { return false }
        var state: SignetWindowV1.State = []
        if isActive { state.insert(.active) }
        if window.accepted.isMaximized { state.insert(.maximized) }
        if window.accepted.isFullscreen { state.insert(.fullscreen) }
        if window.isMinimized { state.insert(.minimized) }
        if !window.isAnswering { state.insert(.unresponsive) }
        let facts = Facts(
            title: PlainText(string: window.title),
            application: PlainText(string: window.applicationID),
            geometry: window.geometryFrame,
            state: state
        )
        let old = told
        if facts == old { return false }
        told = facts
        if facts.title != old?.title { resource.sendTitle(title: window.title) }
        if facts.application != old?.application { resource.sendApplication(id: window.applicationID) }
        if old == nil { resource.sendProcess(process: UInt32(clamping: window.process)) }
        if facts.geometry != old?.geometry {
            let frame = facts.geometry
            resource.sendGeometry(
                x: Int32(clamping: frame.x),
                y: Int32(clamping: frame.y),
                width: Int32(clamping: frame.width),
                height: Int32(clamping: frame.height)
            )
        }
        if facts.state != old?.state { resource.sendState(state: facts.state) }
        return true
    }

    /// It isn't shown any more.
    func close() {
        if !isClosed, isFollowed, let resource, resource.isAlive { resource.sendClosed() }
        isClosed = true
    }

    // MARK: Requests

    func activate(_ resource: SignetWindowV1) throws(ProtocolError) { shown?.activate() }

    func close(_ resource: SignetWindowV1) throws(ProtocolError) { shown?.close() }

    func resize(_ resource: SignetWindowV1, width: Int32, height: Int32) throws(ProtocolError) {
        // R11.
        if isClosed { return }
        guard width > 0, height > 0 else {
            throw ProtocolError(
                SignetWindowV1.Error.invalidSize,
                "a window is 1x1 or larger, not \(width)x\(height)",
                on: resource
            )
        }
        shown?.ask(for: Size(width: Int(width), height: Int(height)))
    }

    func move(_ resource: SignetWindowV1, x: Int32, y: Int32) throws(ProtocolError) {
        // R13.
        guard let window = shown, !window.isFilling else { return }
        window.moveGeometry(to: Point(x: Int(x), y: Int(y)))
    }
}
