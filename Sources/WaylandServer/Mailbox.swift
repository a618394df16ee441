internal import Glibc
internal import SharedMemory
internal import Synchronization

extension EventLoop {
    /// A way into the loop for other threads: ``EventLoop/mailbox``.
    ///
    /// What belongs to the loop's thread isn't Sendable, so an action has to be handed it; see `Compositor.Remote`.
    public struct Mailbox: Sendable {
        let letters: Letters

        /// The loop is gone, and nothing that was posted runs any more.
        public struct IsClosed: Error, CustomStringConvertible {
            /// For whoever finds it out by other means.
            public init() {}

            /// A sentence.
            public var description: String { "the event loop that this was posted to is gone" }
        }

        /// Has `action` run in the loop's thread, after what was posted before; not at all where the loop is gone.
        /// Waits for nobody.
        public func post(_ action: @escaping @Sendable () -> Void) { letters.post(action) }

        /// Runs `action` in the loop's thread, and waits for what it returns. Not to be awaited by that thread itself.
        public func run<Result: Sendable>(
            _ action: @escaping @Sendable () throws -> Result
        ) async throws -> Result {
            try await withCheckedThrowingContinuation { continuation in
                let answer = Answer(continuation)
                post { answer.give(Swift.Result(catching: action)) }
            }
        }

        /// Is given once: at the latest, when nobody can give another one any more.
        private final class Answer<Value: Sendable>: Sendable {
            private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

            init(_ continuation: CheckedContinuation<Value, any Error>) {
                self.continuation = Mutex(continuation)
            }

            deinit { give(.failure(IsClosed())) }

            func give(_ result: Result<Value, any Error>) {
                let waiting = continuation.withLock { $0.take() }
                waiting?.resume(with: result)
            }
        }
    }

    /// What other threads see of the loop.
    final class Letters: Sendable {
        let wake: Descriptor
        private let numbers = Inbox<UInt64>()
        private let actions = Inbox<(place: UInt64, action: @Sendable () -> Void)>()
        /// Of the newest one.
        private let lastPlace = Atomic<UInt64>(0)
        private let isClosed = Atomic(false)

        init(_ wake: consuming Descriptor) { self.wake = wake }

        func post(_ number: UInt64) {
            numbers.post(number)
            ring()
        }

        func ring() {
            var one: UInt64 = 1
            _ = unsafe write(wake.rawValue, &one, 8)
        }

        func post(_ action: @escaping @Sendable () -> Void) {
            if isClosed.load(ordering: .acquiring) { return }
            actions.post((lastPlace.add(1, ordering: .relaxed).newValue, action))
            // Who closes meanwhile takes out what is there, or it is taken out here.
            if isClosed.load(ordering: .sequentiallyConsistent) { _ = actions.takeAll() }
            ring()
        }

        /// Nothing that is posted runs from now on.
        func close() {
            isClosed.store(true, ordering: .sequentiallyConsistent)
            _ = actions.takeAll()
        }

        func takeActions() -> [@Sendable () -> Void] {
            actions.takeAvailable().sorted { $0.place < $1.place }.map(\.action)
        }

        func takeAll() -> [UInt64] {
            var count: UInt64 = 0
            _ = unsafe read(wake.rawValue, &count, 8)
            // In the order in which they were expected; who is just about to post one rings afterwards.
            return numbers.takeAvailable().sorted()
        }
    }
}
