internal import CWaylandServer

/// libwayland's event loop, with closures for callbacks.
///
/// A source is active as long as its ``Source`` isn't removed; the loop holds it until then. Errors of the underlying
/// epoll_ctl(2) and timerfd_create(2) calls come back as nil.
public final class EventLoop {
    /// What a descriptor is waited for, or what it turned out to be.
    public struct Readiness: OptionSet, Sendable {
        /// The bits of libwayland's `WL_EVENT_*`.
        public let rawValue: UInt32
        /// The set of these bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// There is something to read.
        public static let readable = Readiness(rawValue: 1)
        /// Writing won't block.
        public static let writable = Readiness(rawValue: 2)
        /// The other end is closed.
        public static let hangUp = Readiness(rawValue: 4)
        /// Something is wrong with the descriptor.
        public static let error = Readiness(rawValue: 8)
    }

    /// Something that wakes the loop up.
    public final class Source {
        fileprivate var handle: ObjectHandle?
        fileprivate let action: (Readiness) -> Void
        private unowned let loop: EventLoop

        fileprivate init(loop: EventLoop, action: @escaping (Readiness) -> Void) {
            self.loop = loop
            self.action = action
        }

        /// Ends the source; its action won't be called again. The descriptor stays open.
        public func remove() {
            guard let handle else { return }
            self.handle = nil
            unsafe wl_event_source_remove(handle.pointer)
            loop.sources.removeAll { $0 === self }
        }

        /// Changes what a descriptor is waited for.
        public func update(_ readiness: Readiness) {
            if let handle { unsafe wl_event_source_fd_update(handle.pointer, readiness.rawValue) }
        }
    }

    let handle: ObjectHandle
    fileprivate var sources: [Source] = []

    init(handle: ObjectHandle) {
        self.handle = handle
    }

    /// A descriptor that is readable when the loop has something to do, for use inside another loop.
    public var descriptorNumber: CInt { unsafe wl_event_loop_get_fd(handle.pointer) }

    /// Waits up to `timeout` milliseconds (-1: without end) and runs the actions of what is ready.
    ///
    /// Returns false where waiting failed, as after a signal.
    @discardableResult
    public func dispatch(timeout: Int32) -> Bool {
        unsafe wl_event_loop_dispatch(handle.pointer, timeout) == 0
    }

    /// Calls `action` whenever the descriptor is ready in one of the given ways.
    public func watch(
        _ descriptor: CInt,
        for readiness: Readiness,
        _ action: @escaping (Readiness) -> Void
    ) -> Source? {
        unsafe add(Source(loop: self, action: action)) { context in
            unsafe wl_event_loop_add_fd(
                handle.pointer,
                descriptor,
                readiness.rawValue,
                { _, readiness, context in
                    unsafe perform(context, Readiness(rawValue: readiness))
                },
                context
            )
        }
    }

    /// Calls `action` when the process gets `signal`, which is blocked from now on for this thread and its children.
    public func watch(signal: CInt, _ action: @escaping () -> Void) -> Source? {
        unsafe add(Source(loop: self) { _ in action() }) { context in
            unsafe wl_event_loop_add_signal(
                handle.pointer,
                signal,
                { _, context in unsafe perform(context, .readable) },
                context
            )
        }
    }

    private func add(_ source: Source, _ make: (UnsafeMutableRawPointer) -> OpaquePointer?) -> Source? {
        guard let handle = unsafe ObjectHandle(make(Unmanaged.passUnretained(source).toOpaque())) else { return nil }
        source.handle = handle
        sources.append(source)
        return source
    }

    func removeAllSources() {
        for source in sources { source.remove() }
    }
}

private func perform(_ context: UnsafeMutableRawPointer?, _ readiness: EventLoop.Readiness) -> CInt {
    // A strong reference: the action may remove its own source.
    let source = unsafe Unmanaged<EventLoop.Source>.fromOpaque(context!).takeUnretainedValue()
    source.action(readiness)
    return 0
}
