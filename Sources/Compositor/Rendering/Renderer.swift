internal import Pixels
internal import SharedMemory
internal import Synchronization

/// Draws pictures on a thread of its own: looking at clients' memory may take as long as they like.
final class Renderer {
    /// What the thread is told.
    private final class Orders: Sendable {
        let inbox = Inbox<@Sendable (DrawingMeter) -> Void>()
        let posted = Semaphore()
        let unfinished = Atomic(0)
        let haveEnded = Atomic(false)
        /// Raised when the thread has what it needs, and when it has let that go.
        let changed = Semaphore()

        func follow() {
            do {
                let meter = DrawingMeter()
                changed.post()
                while !haveEnded.load(ordering: .acquiring) {
                    posted.wait()
                    followAll(meter)
                }
            }
            changed.post()
        }

        /// By itself, so that nothing of what was drawn is kept while there is nothing to do.
        @inline(never)
        private func followAll(_ meter: DrawingMeter) {
            for order in inbox.takeAll() {
                order(meter)
                unfinished.subtract(1, ordering: .releasing)
            }
        }
    }

    /// Nil where no thread could be started, and the caller's has to do.
    private let orders: Orders?

    /// Starts the thread, and waits until it has what it needs. It ends when the renderer is let go, and what it was
    /// given is drawn.
    init() {
        let orders = Orders()
        self.orders = (try? startThread { orders.follow() }).map { orders }
        self.orders?.changed.wait()
    }

    deinit {
        guard let orders else { return }
        orders.haveEnded.store(true, ordering: .releasing)
        orders.posted.post()
        if orders.unfinished.load(ordering: .acquiring) == 0 { orders.changed.wait() }
    }

    /// Draws a list that covers so many pixels into a picture in XRGB8888, and then calls `action`, on whatever thread,
    /// with what trouble shared memory made, by the command's place in the list. The caller keeps the list's contents
    /// until then, and leaves the picture alone.
    func draw(
        _ list: DrawList,
        pixels count: Int,
        into picture: PixelMemory,
        _ layout: PixelLayout,
        then action: @escaping @Sendable ([Int: DrawingTrouble]) -> Void
    ) {
        let order: @Sendable (DrawingMeter) -> Void = { meter in
            let helpers = BandThreads.shared
            let bands = helpers.bandCount(forPixels: count)
            let picture = BandedPicture(list, into: picture, layout, bands: bands)
            if bands > 1 { helpers.offer(picture) }
            picture.drawBands(meter)
            let troubles = picture.finish()
            if bands > 1 { helpers.withdraw(picture) }
            action(troubles)
        }
        guard let orders else { return order(DrawingMeter()) }
        orders.unfinished.add(1, ordering: .relaxed)
        orders.inbox.post(order)
        orders.posted.post()
    }
}
