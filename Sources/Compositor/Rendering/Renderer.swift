internal import DirectRendering
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
        /// Raised when the thread has what it needs.
        let begun = Semaphore()
        /// Raised when it has let that go.
        let ended = Semaphore()

        func follow() {
            do {
                let meter = DrawingMeter()
                begun.post()
                while !haveEnded.load(ordering: .acquiring) {
                    posted.wait()
                    followAll(meter)
                }
                // What came while the last ones were followed.
                followAll(meter)
            }
            ended.post()
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
        self.orders?.begun.wait()
    }

    deinit {
        guard let orders else { return }
        orders.haveEnded.store(true, ordering: .releasing)
        orders.posted.post()
        if orders.unfinished.load(ordering: .acquiring) == 0 { orders.ended.wait() }
    }

    /// Whether it has a thread of its own.
    var hasThread: Bool { orders != nil }

    /// What there is to be said of a picture that was drawn.
    struct Outcome: Sendable {
        /// What trouble shared memory made, by the command's place in the list.
        var troubles: [Int: DrawingTrouble]
        /// What turned out to be as it was in the picture that it was compared with.
        var same: Region
        /// Why devices can't be told of what was drawn, where they can't.
        var failure: DeviceError?
    }

    /// Draws a list into a picture in XRGB8888, and then calls `action`, on whatever thread. The caller keeps the
    /// list's contents until then, and leaves the picture alone, and the one that it is compared with.
    func draw(
        _ all: DrawList,
        into picture: PixelMemory,
        _ layout: PixelLayout,
        comparing comparison: PictureComparison? = nil,
        then action: @escaping @Sendable (Outcome) -> Void
    ) {
        let order: @Sendable (DrawingMeter) -> Void = { meter in
            let missing = all.missingPages
            var (list, same, others) = (all, Region(), [Int: DrawingTrouble]())
            if let comparison { (list, same, others) = all.compared(with: comparison, meter: meter) }
            let helpers = BandThreads.shared
            let bands = helpers.bandCount(forPixels: list.pixelCount)
            var failure: DeviceError?
            do throws(DeviceError) { try picture.beginWriting() } catch { failure = error }
            let banded = BandedPicture(list, into: picture, layout, bands: bands)
            if bands > 1 { helpers.offer(banded) }
            banded.drawBands(meter)
            let troubles = banded.finish()
            if bands > 1 { helpers.withdraw(banded) }
            do throws(DeviceError) { try picture.endWriting() } catch { failure = error }
            let stillMissing = missing.isEmpty ? [:] : all.missingPages
            let filled = missing.map { index, count in
                (index, DrawingTrouble(filledPages: max(0, count - stillMissing[index, default: 0])))
            }
            let sum = troubles.merging(filled, uniquingKeysWith: +).merging(others, uniquingKeysWith: +)
            action(Outcome(troubles: sum, same: same, failure: failure))
        }
        guard let orders else { return order(DrawingMeter()) }
        orders.unfinished.add(1, ordering: .relaxed)
        orders.inbox.post(order)
        orders.posted.post()
    }
}
