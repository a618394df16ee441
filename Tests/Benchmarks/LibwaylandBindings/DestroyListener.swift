internal import CWaylandServer

/// A `wl_listener` on an object's destroy signal, which fires once and frees itself.
@safe
struct DestroyListener {
    /// libwayland's part comes first, so that its address is the whole structure's.
    @unsafe
    private struct Memory {
        var listener: wl_listener
        var action: () -> Void
    }

    let pointer: UnsafeMutablePointer<wl_listener>

    init(_ action: @escaping () -> Void) {
        let memory = UnsafeMutablePointer<Memory>.allocate(capacity: 1)
        let notify: wl_notify_func_t = { listener, _ in
            let memory = unsafe UnsafeMutableRawPointer(listener!).assumingMemoryBound(to: Memory.self)
            let action = unsafe memory.pointee.action
            unsafe memory.deinitialize(count: 1)
            unsafe memory.deallocate()
            action()
        }
        unsafe memory.initialize(to: Memory(listener: wl_listener(link: wl_list(), notify: notify), action: action))
        unsafe pointer = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: wl_listener.self)
    }
}
