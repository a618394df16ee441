internal import CWaylandClient
internal import WaylandWire

/// A connection's objects, apart from the connection itself.
///
/// Proxies hold the map and the map holds proxies, until the connection ends and empties it. The connection itself is held
/// by nobody but its user, so that letting go of it closes it.
public final class ObjectMap {
    /// libwayland's `wl_display`; nil once the connection is closed.
    private(set) var display: ObjectHandle?
    private var proxies: [ObjectHandle: Proxy] = [:]

    init(display: ObjectHandle) {
        self.display = display
    }

    var count: Int { proxies.count }

    subscript(handle: ObjectHandle) -> Proxy? {
        get { proxies[handle] }
        set { proxies[handle] = newValue }
    }

    func close() {
        guard let display else { return }
        for proxy in Array(proxies.values) { proxy.destroyLocally() }
        self.display = nil
        unsafe wl_display_disconnect(display.pointer)
    }
}
