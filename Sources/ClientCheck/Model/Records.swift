import Pixels
import SharedMemory

/// A wl_shm_pool's memory, which lives as long as the pool or a buffer of it.
final class Pool {
    let object: WireObject
    /// A descriptor of our own for the client's file.
    let file: Descriptor
    /// What the file could no longer do when it came; nil where it knows no seals.
    let sealsOnArrival: Seals?

    init(_ object: WireObject, _ file: consuming Descriptor) {
        self.object = object
        sealsOnArrival = (try? file.seals()) ?? nil
        self.file = file
    }
}

/// A wl_buffer.
final class Buffer {
    /// Where its pixels are.
    struct Place {
        let pool: Pool
        let offset: Int
        let stride: Int
        let format: UInt32
    }

    let object: WireObject
    /// Nil for buffers that aren't in shared memory.
    let place: Place?
    /// In pixels; 0 where that isn't known.
    let width: Int
    let height: Int
    /// Whether the compositor has it: committed, and no release was delivered since.
    var isHeld = false
    /// Whether it is on several surfaces, or was; then nobody can tell when it is released.
    var isShared = false
    weak var surface: Surface?
    /// What was in it when it was committed last.
    var committed: Picture?
    var commitTime = 0.0

    init(_ object: WireObject, _ place: Place?, width: Int, height: Int) {
        (self.object, self.place, self.width, self.height) = (object, place, width, height)
    }

    /// What is in it now.
    func read() -> Picture? {
        guard let place, let layout = PixelLayout(shmFormat: place.format) else { return nil }
        return Picture.read(
            place.pool.file,
            at: place.offset,
            width: width,
            height: height,
            stride: place.stride,
            layout: layout
        )
    }
}

/// What a wl_surface applies with a commit.
struct SurfaceState {
    enum Attachment {
        case nothing
        case buffer(Buffer)
    }

    /// Nil where no attach was sent since the last commit.
    var attachment: Attachment?
    /// In surface coordinates.
    var surfaceDamage = Region()
    /// In pixels of the buffer.
    var bufferDamage = Region()
    var opaque = Region()
    var scale = 1
    var transform = 0
    /// wp_viewport.set_source: x, y, width, height in 1/256.
    var source: [Int]?
    /// wp_viewport.set_destination: width, height.
    var destination: [Int]?
}

/// A wl_surface.
final class Surface {
    let object: WireObject
    var pending = SurfaceState()
    /// Of the last commit.
    var current = SurfaceState()
    var buffer: Buffer?
    /// What it showed last; nil where nothing, or that wasn't read.
    var shown: Picture?
    /// Whether it has, or had, subsurfaces.
    var hasSubsurfaces = false
    weak var shell: ShellRecord?
    var commitCount = 0

    init(_ object: WireObject) { self.object = object }

    /// Width and height in surface coordinates; nil where nothing is attached or that isn't known.
    var size: Size? {
        guard let buffer, buffer.width > 0 else { return nil }
        if let destination = current.destination { return Size(width: destination[0], height: destination[1]) }
        if let source = current.source { return Size(width: source[2] / 256, height: source[3] / 256) }
        let size = Size(width: buffer.width / current.scale, height: buffer.height / current.scale)
        return current.transform & 1 == 1 ? size.transposed : size
    }
}

/// An xdg_surface, with its xdg_toplevel where it has one.
final class ShellRecord {
    /// What a client is asked to become.
    struct Configure {
        let serial: UInt32
        let time: Double
        /// Of the window geometry; 0 leaves it to the client.
        let width: Int
        let height: Int
        /// xdg_toplevel.state.
        let states: Set<UInt32>
        let isToplevel: Bool
        var ackTime = 0.0
    }

    let object: WireObject
    let surface: Surface
    var toplevel: WireObject?
    /// Of the xdg_toplevel.configure that awaits its xdg_surface.configure.
    var announced: (width: Int, height: Int, states: Set<UInt32>) = (0, 0, [])
    /// Those that no ack_configure has answered, oldest first.
    var open: [Configure] = []
    /// The last one that was acked.
    var acked: Configure?
    /// xdg_surface.set_window_geometry, and what of it is committed.
    var pendingGeometry: Rectangle?
    var geometry: Rectangle?
    /// xdg_toplevel.set_min_size and set_max_size; 0 leaves it open.
    var minimum = Size(width: 0, height: 0)
    var maximum = Size(width: 0, height: 0)

    init(_ object: WireObject, _ surface: Surface) { (self.object, self.surface) = (object, surface) }

    /// The size nearest to this one that the client says it can have.
    func allowed(_ size: Size) -> Size {
        func fit(_ value: Int, _ low: Int, _ high: Int) -> Int { max(high > 0 ? min(value, high) : value, low) }
        return Size(
            width: fit(size.width, minimum.width, maximum.width),
            height: fit(size.height, minimum.height, maximum.height)
        )
    }
}

/// A commit, as it is judged.
struct Commit {
    let surface: Surface
    /// The buffer that was attached for it.
    let buffer: Buffer?
    /// What the surface showed before, and shows now; nil where that wasn't read.
    let before: Picture?
    let after: Picture?
    /// In pixels of the buffer; nil where that can't be told, as of a viewport's part.
    let damage: Region?
    /// Whether there was a request for damage.
    let hasDamage: Bool
}
