internal import SharedMemory
public import WaylandClient

/// A buffer that a client draws into with the CPU, with four bytes a pixel: memory that the compositor knows as a
/// `wl_buffer`. There is a subclass for each kind of memory.
open class Canvas {
    /// Width in pixels.
    public final let width: Int
    /// Height in pixels.
    public final let height: Int
    /// Bytes from one row to the next.
    public final let stride: Int
    /// What the memory is, as in `a memfd sealed with shrink`.
    public final let origin: String
    /// The compositor's name for it.
    public final let buffer: WlBuffer
    /// Whether the compositor may be looking at it.
    public final private(set) var isBusy = false

    /// Takes over a buffer whose pixels are `width` by `height`.
    public init(buffer: WlBuffer, width: Int, height: Int, stride: Int, origin: String) {
        self.buffer = buffer
        self.width = width
        self.height = height
        self.stride = stride
        self.origin = origin
        buffer.onRelease = { [weak self] in self?.isBusy = false }
    }

    deinit {
        buffer.destroy()
    }

    /// The compositor gets it with the next commit.
    public final func markBusy() { isBusy = true }

    /// Lends the pixels for drawing.
    open func withMutableBytes(_ body: (inout MutableRawSpan) -> Void) throws {
        preconditionFailure("each kind of canvas has its own")
    }

    /// Sets each pixel, as 0xAARRGGBB with colours multiplied by alpha.
    public final func fill(_ color: (_ x: Int, _ y: Int) -> UInt32) throws {
        let (width, height, stride) = (width, height, stride)
        try withMutableBytes { bytes in
            unsafe bytes.withUnsafeMutableBytes { memory in
                for y in 0..<height {
                    let row = unsafe (memory.baseAddress! + y * stride).assumingMemoryBound(to: UInt32.self)
                    for x in 0..<width { unsafe row[x] = color(x, y) }
                }
            }
        }
    }
}

/// A canvas in shared memory: a memfd sealed against shrinking, or an unlinked shm_open file where the kernel has none.
public final class ShmCanvas: Canvas {
    private var mapping: WritableMapping

    /// Makes a canvas of `width` by `height` pixels in `format`, which has four bytes a pixel. It is offered to the
    /// compositor; where that isn't possible, or it refuses, wl_shm has it.
    public init(_ globals: Globals, width: Int, height: Int, format: WlShm.Format = .xrgb8888) throws {
        let file = try AnonymousFile.create(name: "signet-client", size: width * height * 4)
        mapping = try WritableMapping(file.descriptor, length: file.size)
        let (buffer, way) = try globals.makeBuffer(
            in: file.descriptor,
            width: width,
            height: height,
            stride: width * 4,
            format: format
        )
        let origin =
            switch file.backing {
            case .memfd(let seals): "a memfd sealed with \(seals)"
            case .posixSharedMemory: "a shm_open file, since memfd_create is missing or forbidden here"
            }
        super.init(buffer: buffer, width: width, height: height, stride: width * 4, origin: origin + way)
    }

    public override func withMutableBytes(_ body: (inout MutableRawSpan) -> Void) throws {
        mapping.withMutableBytes(in: 0..<mapping.length, body)
    }
}
