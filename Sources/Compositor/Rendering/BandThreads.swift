internal import Glibc
internal import Pixels
internal import SharedMemory
internal import Synchronization

/// A picture that several threads draw, band by band.
final class BandedPicture: Sendable {
    private let list: DrawList
    private let memory: PixelMemory
    private let layout: PixelLayout
    private let bandCount: Int
    private let nextBand = Atomic(0)
    private let unfinished: Atomic<Int>
    private let isDone = Semaphore()
    private let troubles = Mutex<[Int: DrawingTrouble]>([:])

    init(_ list: DrawList, into memory: PixelMemory, _ layout: PixelLayout, bands: Int) {
        self.list = list
        self.memory = memory
        self.layout = layout
        bandCount = bands
        unfinished = Atomic(bands)
    }

    /// Draws bands until all have somebody.
    func drawBands(_ meter: DrawingMeter) {
        while true {
            let band = nextBand.add(1, ordering: .relaxed).oldValue
            guard band < bandCount else { return }
            // Bands have no byte in common.
            let new = unsafe memory.withSharedMutableBytes { target in
                list.draw(band: band, of: bandCount, into: &target, layout, meter: meter)
            }
            if !new.isEmpty { troubles.withLock { $0.merge(new) { $0 + $1 } } }
            if unfinished.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { isDone.post() }
        }
    }

    /// Waits for the bands that others draw; to be called once. Gives back what trouble shared memory made, by the
    /// command's place.
    func finish() -> [Int: DrawingTrouble] {
        isDone.wait()
        return troubles.withLock { $0 }
    }
}

/// Threads that help with large pictures when they have nothing else to do: one for each CPU but the first.
///
/// Whoever offers a picture draws it too, and waits only for bands that a helper has begun. So nobody depends on them.
final class BandThreads: Sendable {
    /// All renderers'.
    static let shared = BandThreads()

    /// With so many pixels to be drawn, one above the other counted each, another thread is worth waking up.
    private static let pixelsWorthHelp = 1 << 22

    private let offered = Mutex<[BandedPicture]>([])
    private let posted = Semaphore()
    private let started = Mutex(0)

    private init() {}

    /// Starts them, as many as can be; does nothing the second time.
    func start() {
        started.withLock { count in
            let wanted = min(sysconf(CInt(_SC_NPROCESSORS_ONLN)), 8) - 1
            while count < wanted {
                do throws(SystemError) { try startThread { [self] in live() } } catch { return }
                count += 1
            }
        }
    }

    private func live() {
        let meter = DrawingMeter()
        while true {
            posted.wait()
            offered.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.drawBands(meter)
        }
    }

    /// Into how many bands a picture is worth cutting, of which so many pixels are drawn.
    func bandCount(forPixels count: Int) -> Int {
        let helpers = started.withLock { $0 }
        return helpers > 0 && count >= Self.pixelsWorthHelp ? 2 * (helpers + 1) : 1
    }

    /// Offers a picture to those that have nothing to do.
    func offer(_ picture: BandedPicture) {
        let helpers = started.withLock { $0 }
        offered.withLock { $0 += Array(repeating: picture, count: helpers) }
        for _ in 0..<helpers { posted.post() }
    }

    /// It is drawn: nobody needs to look at it any more.
    func withdraw(_ picture: BandedPicture) {
        offered.withLock { $0.removeAll { $0 === picture } }
    }
}
