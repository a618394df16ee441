internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A buffer in a ``ShmPool``.
///
/// Where the pool is mapped and the buffer's bytes are all there, the content is the mapping itself. Otherwise they are
/// read into a copy: always where the pool can't be mapped, and where the bytes have holes, since reading a hole
/// through a mapping would allocate pages that are charged to the compositor.
final class ShmBuffer: ClientBuffer {
    private let pool: ShmPool
    private let offset: Int
    private let layout: PixelLayout
    /// Once all pages were there, holes can only come from the client punching them, and then the pages that reading
    /// allocates are bounded by what the client's account allows to map.
    private var isPopulated = false

    init(resource: WlBuffer, pool: ShmPool, offset: Int, layout: PixelLayout) throws(ProtocolError) {
        self.pool = pool
        self.offset = offset
        self.layout = layout
        try super.init(resource: resource, size: layout.size)
    }

    override func content(after previous: SurfaceContent?, damage: Region) throws(ProtocolError) -> SurfaceContent {
        let range = offset..<offset + layout.byteCount
        if let memory = pool.memory {
            if !isPopulated { isPopulated = !pool.hasHole(in: range) }
            if isPopulated {
                return try MappedContent(self, layout: layout, memory: memory, range: range, account: account)
            }
        }
        let copy: CopiedContent
        if let last = previous as? CopiedContent, last.layout == layout, last.pool === pool {
            guard last.update(from: offset, damage: damage) else { throw truncated() }
            copy = last
        } else {
            copy = try CopiedContent(pool: pool, layout: layout, account: account)
            guard copy.update(from: offset, damage: Region(layout.size.bounds)) else { throw truncated() }
        }
        releaseUnlocked()
        return copy
    }

    private func truncated() -> ProtocolError {
        ProtocolError(
            WlShm.Error.invalidFd,
            "the file ends before byte \(offset + layout.byteCount), where the buffer ends; it was truncated after "
                + "the pool was made. Seal it with F_SEAL_SHRINK, and keep it as long as its buffers are in use",
            on: errorTarget
        )
    }
}
