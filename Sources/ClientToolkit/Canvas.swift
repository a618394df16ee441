public import SharedMemory
public import WaylandClient

/// A buffer that a client draws into: a file without a name, a mapping of it, and its `wl_buffer`.
///
/// The file is a memfd sealed against shrinking; where the kernel has none, an unlinked shm_open file.
public final class Canvas {
    /// Width in pixels.
    public let width: Int
    /// Height in pixels.
    public let height: Int
    /// Bytes from one row to the next.
    public var stride: Int { width * 4 }
    /// What the memory is.
    public let backing: AnonymousFile.Backing
    /// The compositor's name for it.
    public let buffer: WlBuffer
    /// Whether the compositor may be looking at it.
    public private(set) var isBusy = false
    private var mapping: WritableMapping

    /// Makes a canvas of `width` by `height` pixels in `format`, which has four bytes a pixel.
    public init(shm: WlShm, width: Int, height: Int, format: WlShm.Format = .xrgb8888) throws(SystemError) {
        let size = width * height * 4
        let file = try AnonymousFile.create(name: "signet-client", size: size)
        mapping = try WritableMapping(file.descriptor, length: size)
        backing = file.backing
        self.width = width
        self.height = height
        let pool = shm.createPool(fd: file.descriptor, size: Int32(size))
        buffer = pool.createBuffer(
            offset: 0,
            width: Int32(width),
            height: Int32(height),
            stride: Int32(width * 4),
            format: format
        )
        // The buffer keeps the pool's memory; the descriptor has done its work too.
        pool.destroy()
        buffer.onRelease = { [weak self] in self?.isBusy = false }
    }

    deinit {
        buffer.destroy()
    }

    /// The compositor gets it with the next commit.
    func markBusy() { isBusy = true }

    /// Sets each pixel, as 0xAARRGGBB with colours multiplied by alpha.
    public func fill(_ color: (_ x: Int, _ y: Int) -> UInt32) {
        let (width, height) = (width, height)
        mapping.withMutableBytes(in: 0..<width * height * 4) { bytes in
            unsafe bytes.withUnsafeMutableBytes { memory in
                let pixels = unsafe memory.assumingMemoryBound(to: UInt32.self)
                for y in 0..<height {
                    for x in 0..<width { unsafe pixels[y &* width &+ x] = color(x, y) }
                }
            }
        }
    }
}
