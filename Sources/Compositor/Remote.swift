internal import WaylandServer

extension Compositor {
    /// A way to the compositor for other threads: what they ask for is done in the thread that owns it.
    ///
    ///     let remote = compositor.remote                              // in the compositor's thread
    ///     let count = try await remote.run { $0.clientCount }         // in any other
    public struct Remote: Sendable {
        private let mailbox: EventLoop.Mailbox
        private let address: Address

        /// Where the compositor is, for its own thread.
        private final class Address: @unchecked Sendable {
            weak let compositor: Compositor?

            init(_ compositor: Compositor) { self.compositor = compositor }
        }

        fileprivate init(_ compositor: Compositor) {
            mailbox = compositor.display.loop.mailbox
            address = Address(compositor)
        }

        /// Runs `action` with the compositor, in its thread, after what was posted before, and waits for nobody. It
        /// isn't run where the compositor is gone.
        public func post(_ action: @escaping @Sendable (Compositor) -> Void) {
            let address = address
            mailbox.post { if let compositor = address.compositor { action(compositor) } }
        }

        /// Runs `action` with the compositor, in its thread, and waits for what it returns. Throws what that throws,
        /// and `EventLoop.Mailbox.IsClosed` where the compositor is gone.
        public func run<Result: Sendable>(
            _ action: @escaping @Sendable (Compositor) throws -> Result
        ) async throws -> Result {
            let address = address
            return try await mailbox.run {
                guard let compositor = address.compositor else { throw EventLoop.Mailbox.IsClosed() }
                return try action(compositor)
            }
        }
    }

    /// For other threads.
    public var remote: Remote { Remote(self) }
}
