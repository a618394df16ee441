internal import CWaylandClient

/// A connection's objects, apart from the connection itself.
///
/// Proxies hold the map and the map holds proxies, until the connection ends and empties it. The connection itself is
/// held by nobody but its user, so that letting go of it closes it.
public final class ObjectMap {
    /// libwayland's `wl_display`; nil once the connection is closed.
    private(set) var display: ObjectHandle?
    private var proxies: [ObjectHandle: Proxy] = [:]
    /// The queues besides the main one.
    private var queues: Set<ObjectHandle> = []

    init(display: ObjectHandle) {
        self.display = display
    }

    var count: Int { proxies.count }

    subscript(handle: ObjectHandle) -> Proxy? {
        get { proxies[handle] }
        set { proxies[handle] = newValue }
    }

    /// A queue of its own, for ``EventQueue``; nil where the connection is closed or memory is short.
    func makeQueue() -> ObjectHandle? {
        guard let display, let queue = unsafe ObjectHandle(wl_display_create_queue(display.pointer)) else { return nil }
        queues.insert(queue)
        return queue
    }

    /// Ends a queue, unless the connection's end was first.
    func destroyQueue(_ queue: ObjectHandle) {
        if queues.remove(queue) != nil { unsafe wl_event_queue_destroy(queue.pointer) }
    }

    func close() {
        guard let display else { return }
        for proxy in Array(proxies.values) { proxy.destroyLocally() }
        for queue in queues { destroyQueue(queue) }
        self.display = nil
        unsafe wl_display_disconnect(display.pointer)
    }
}
