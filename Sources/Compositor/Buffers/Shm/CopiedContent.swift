internal import Pixels
internal import WaylandServer

/// Pixels that were read from a client's file, since mapping it wouldn't be safe.
///
/// The copy belongs to one surface and is brought up to date where the client says that something changed; the buffer
/// it came from is released at once.
final class CopiedContent: PixelContent {
    let pool: ShmPool
    private var bytes: [UInt8]
    private let charge: Charge

    /// Makes an empty copy, to be filled by ``update(from:damage:)``.
    init(pool: ShmPool, layout: PixelLayout, account: ClientAccount) throws(ProtocolError) {
        charge = try account.charge(layout.byteCount, of: .copiedBytes)
        self.pool = pool
        bytes = [UInt8](repeating: 0, count: layout.byteCount)
        super.init(layout: layout)
    }

    override func withPixels<R>(_ body: (RawSpan) -> R) -> R {
        unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
    }

    /// Reads the rows that `damage`, in buffer pixels, touches; the buffer starts at byte `offset` of the pool.
    /// False where the file has ended.
    func update(from offset: Int, damage: Region) -> Bool {
        var isComplete = true
        var rowsDone = 0
        let rowBytes = layout.rowBytes
        damage.intersection(layout.size.bounds).forEachRectangle { rectangle in
            // Rectangles come in bands from the top down, and whole rows are read: a band is read once.
            let rows = max(rectangle.minY, rowsDone)..<max(rectangle.maxY, rowsDone)
            guard isComplete, !rows.isEmpty else { return }
            rowsDone = rows.upperBound
            let start = rows.lowerBound * layout.stride
            let end = (rows.upperBound - 1) * layout.stride + rowBytes
            isComplete = unsafe bytes.withUnsafeMutableBytes { all in
                var part = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start..<end]).mutableBytes
                return pool.read(into: &part, at: offset + start)
            }
        }
        return isComplete
    }
}
