internal import CWaylandClient

/// A queue of events that is dispatched apart from the connection's main one.
///
/// Objects get one with ``Proxy/setQueue(_:)``. A queue must not be let go while an object still uses it.
public final class EventQueue {
    let handle: ObjectHandle
    private let objects: ObjectMap

    /// Makes an empty queue. Ends the process where there is no memory.
    public init(on connection: Connection) {
        objects = connection.objects
        guard let handle = objects.makeQueue() else {
            fatalError("there is no memory for an event queue, or the connection is closed")
        }
        self.handle = handle
    }

    deinit {
        objects.destroyQueue(handle)
    }

    /// Runs the handlers of what has arrived on this queue; returns how many events that were, or -1 where the
    /// connection is broken.
    @discardableResult
    public func dispatchPending() -> Int {
        guard let display = objects.display else { return -1 }
        return unsafe Int(wl_display_dispatch_queue_pending(display.pointer, handle.pointer))
    }
}
