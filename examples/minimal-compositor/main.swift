// minimal-compositor: all that a compositor is, on the package's libraries alone.
//
// It takes memfds that carry F_SEAL_SHRINK, and dma-bufs, as those of drmPrimeHandleToFD; copies what clients show, all
// as XRGB8888, into a memfd of its own; and hands that on: once a window was drawn, the process becomes COMMAND, with
// the sealed frame as its standard input. To be read from top to bottom, as a buffer goes.
//
//     minimal-compositor NAME COMMAND [ARGS...]
//
// It leaves out much, but not that no client can crash it by taking its memory away, and that none is waited for.

import DirectRendering
import Glibc
import SharedMemory
import WaylandServer

// MARK: Memory

/// Pixels of a client's, which can't go away under us.
final class Pixels {
    let mapping: ReadOnlyMapping
    private let file: Descriptor
    /// Readable when no device is at work on it; nil where none can be.
    let fence: CInt?

    /// A pool's. The seal is looked at before the size: afterwards the file has at least that.
    init(sealed file: borrowing Descriptor, size: Int32) throws(ProtocolError) {
        guard let seals = try? file.seals(), seals.contains(.shrink), size > 0,
            let facts = try? DescriptorFacts.read(file), facts.size >= Int64(size),
            let mapping = try? ReadOnlyMapping(file, length: Int(size)), let copy = try? file.duplicate()
        else {
            throw ProtocolError(WlShm.Error.invalidFd, "it takes a memfd with F_SEAL_SHRINK, as large as its pool")
        }
        self.mapping = mapping
        self.file = copy
        fence = nil
    }

    /// A dma-buf, whose size is fixed for life.
    init(_ descriptor: consuming Descriptor) throws(ProtocolError) {
        guard let buffer = try? DMABuffer(ifDMABuffer: descriptor),
            let mapping = try? ReadOnlyMapping(buffer.descriptor, length: buffer.size),
            let copy = try? buffer.descriptor.duplicate()
        else { throw .implementation("that is no dma-buf, or there is no room for it") }
        self.mapping = mapping
        fence = copy.rawValue
        file = copy
    }
}

/// A `wl_buffer`: where a picture lies in memory.
final class Buffer: WlBuffer.Requests {
    let resource: WlBuffer
    let pixels: Pixels
    let (offset, stride, width, height): (Int, Int, Int, Int)

    /// Nil where it doesn't lie within its memory.
    init?(_ resource: WlBuffer, in pixels: Pixels, at offset: Int, stride: Int, width: Int32, height: Int32) {
        let (rows, length) = (Int(height), Int(width) * 4)
        guard width > 0, height > 0, offset >= 0, stride >= length, stride < 1 << 24,
            offset + (rows - 1) * stride + length <= pixels.mapping.length
        else { return nil }
        (self.resource, self.pixels, self.offset) = (resource, pixels, offset)
        (self.stride, self.width, self.height) = (stride, Int(width), rows)
    }
}

final class Pool: WlShmPool.Requests {
    private let file: Descriptor
    private var pixels: Pixels

    init(_ file: consuming Descriptor, size: Int32) throws(ProtocolError) {
        pixels = try Pixels(sealed: file, size: size)
        self.file = file
    }

    func createBuffer(
        _ resource: WlShmPool,
        id: WlBuffer,
        offset: Int32,
        width: Int32,
        height: Int32,
        stride: Int32,
        format: WlShm.Format
    ) throws(ProtocolError) {
        guard let buffer = Buffer(id, in: pixels, at: Int(offset), stride: Int(stride), width: width, height: height)
        else { throw ProtocolError(WlShm.Error.invalidStride, "the buffer reaches out of its pool") }
        id.handler = buffer
    }

    func resize(_ resource: WlShmPool, size: Int32) throws(ProtocolError) {
        pixels = try Pixels(sealed: file, size: size)
    }
}

/// `zwp_linux_buffer_params_v1`: one plane becomes a buffer.
final class Params: ZwpLinuxBufferParamsV1.Requests {
    private var plane: (pixels: Pixels, offset: Int, stride: Int)?

    func add(
        _ resource: ZwpLinuxBufferParamsV1,
        fd: consuming Descriptor,
        planeIdx: UInt32,
        offset: UInt32,
        stride: UInt32,
        modifierHi: UInt32,
        modifierLo: UInt32
    ) throws(ProtocolError) {
        plane = (try Pixels(fd), Int(offset), Int(stride))
    }

    func create(
        _ resource: ZwpLinuxBufferParamsV1,
        width: Int32,
        height: Int32,
        format: UInt32,
        flags: ZwpLinuxBufferParamsV1.Flags
    ) { resource.sendFailed() }

    func createImmed(
        _ resource: ZwpLinuxBufferParamsV1,
        bufferId: WlBuffer,
        width: Int32,
        height: Int32,
        format: UInt32,
        flags: ZwpLinuxBufferParamsV1.Flags
    ) throws(ProtocolError) {
        guard let (pixels, offset, stride) = plane,
            let buffer = Buffer(bufferId, in: pixels, at: offset, stride: stride, width: width, height: height)
        else {
            throw ProtocolError(ZwpLinuxBufferParamsV1.Error.outOfBounds, "the buffer reaches out of its dma-buf")
        }
        bufferId.handler = buffer
    }
}

// MARK: What is shown

/// The picture of all windows, in memory that only this process can write.
final class Frame {
    static let (width, height) = (640, 480)
    let file: AnonymousFile
    private var mapping: WritableMapping

    init() throws {
        let size = Self.width * Self.height * 4
        file = try AnonymousFile.create(name: "minimal-frame", size: size, seals: [.shrink, .grow])
        mapping = try WritableMapping(file.descriptor, length: size)
        // From now on nobody gets another writable mapping, we neither.
        try file.descriptor.addSeals([.futureWrite, .seal])
    }

    func draw(_ surfaces: [Surface]) {
        mapping.withMutableBytes(in: 0..<Self.width * Self.height * 4) { target in
            unsafe target.withUnsafeMutableBytes { target in
                unsafe target.assumingMemoryBound(to: UInt32.self).update(repeating: 0x2e3440)
                for surface in surfaces { unsafe copy(surface, into: target.baseAddress!) }
            }
        }
    }

    private func copy(_ surface: Surface, into target: UnsafeMutableRawPointer) {
        guard let buffer = surface.shown else { return }
        let width = min(buffer.width, Self.width - surface.x)
        for row in 0..<min(buffer.height, Self.height - surface.y) {
            let (from, to) = (buffer.offset + row * buffer.stride, (surface.y + row) * Self.width + surface.x)
            buffer.pixels.mapping.withBytes(in: from..<from + width * 4) { source in
                unsafe source.withUnsafeBytes { pixels in
                    unsafe (target + to * 4).copyMemory(from: pixels.baseAddress!, byteCount: pixels.count)
                }
            }
        }
    }
}

/// `wl_surface` and `xdg_surface`: a window.
final class Surface: WlSurface.Requests, XdgSurface.Requests {
    private unowned let compositor: MinimalCompositor
    let (x, y): (Int, Int)
    private(set) var shown: Buffer?
    private var attached: Buffer??
    private var callbacks: [WlCallback] = []
    weak var shell: XdgSurface?
    private var isConfigured = false
    private var watch: EventLoop.Source?

    init(_ compositor: MinimalCompositor, number: Int) {
        self.compositor = compositor
        (x, y) = (number % 8 * 40, number % 6 * 40)
    }

    func attach(_ resource: WlSurface, buffer: WlBuffer?, x: Int32, y: Int32) {
        attached = .some(buffer?.handler as? Buffer)
    }

    func frame(_ resource: WlSurface, callback: WlCallback) throws(ProtocolError) {
        guard callbacks.count < 64 else { throw .noMemory("64 frame callbacks are enough") }
        callbacks.append(callback)
    }

    func commit(_ resource: WlSurface) {
        if let shell, !isConfigured {
            isConfigured = true
            shell.sendConfigure(serial: compositor.display.nextSerial())
        }
        guard case .some(let new) = attached else { return compositor.requestFrame() }
        attached = nil
        watch?.remove()
        // A device may be at work on it. Until that is done the window shows what it showed.
        guard let fence = new?.pixels.fence else { return show(new) }
        watch = compositor.display.loop.watch(fence, for: .readable) { [weak self] _ in self?.show(new) }
    }

    private func show(_ new: Buffer?) {
        watch?.remove()
        watch = nil
        if let shown, shown !== new, shown.resource.isAlive { shown.resource.sendRelease() }
        shown = new
        compositor.requestFrame()
    }

    func sendCallbacks(time: UInt32) {
        for callback in callbacks { callback.finishWithDone(callbackData: time) }
        callbacks = []
    }

    func destroyed(_ resource: WlSurface) {
        watch?.remove()
        shown = nil
        compositor.remove(self)
    }

    func damage(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) {}
    func damageBuffer(_ resource: WlSurface, x: Int32, y: Int32, width: Int32, height: Int32) {}
    func setOpaqueRegion(_ resource: WlSurface, region: WlRegion?) {}
    func setInputRegion(_ resource: WlSurface, region: WlRegion?) {}
    func setBufferTransform(_ resource: WlSurface, transform: WlOutput.Transform) {}
    func setBufferScale(_ resource: WlSurface, scale: Int32) {}
    func offset(_ resource: WlSurface, x: Int32, y: Int32) {}
    func getToplevel(_ resource: XdgSurface, id: XdgToplevel) {}
    func getPopup(_ resource: XdgSurface, id: XdgPopup, parent: XdgSurface?, positioner: XdgPositioner) {}
    func setWindowGeometry(_ resource: XdgSurface, x: Int32, y: Int32, width: Int32, height: Int32) {}
    func ackConfigure(_ resource: XdgSurface, serial: UInt32) {}
}

// MARK: The server

/// The globals, the windows, the frame, and who gets it.
final class MinimalCompositor: WlCompositor.Requests, WlShm.Requests, XdgWmBase.Requests, ZwpLinuxDmabufV1.Requests {
    let display = Display()
    let frame: Frame
    private var surfaces: [Surface] = []
    private var timer: EventLoop.Timer?
    private var isRequested = false
    /// Whether a window has been drawn.
    private(set) var hasDrawn = false

    init() throws {
        frame = try Frame()
        timer = display.loop.makeTimer { [unowned self] in tick() }
        Global<WlCompositor>(on: display, version: 4) { [unowned self] in $0.handler = self }
        Global<WlShm>(on: display, version: 1) { [unowned self] in
            $0.handler = self
            $0.sendFormat(format: .xrgb8888)
        }
        Global<XdgWmBase>(on: display, version: 1) { [unowned self] in $0.handler = self }
        Global<ZwpLinuxDmabufV1>(on: display, version: 3) { [unowned self] in
            $0.handler = self
            $0.sendModifier(format: 0x3432_5258, modifierHi: 0, modifierLo: 0)
        }
    }

    func createSurface(_ resource: WlCompositor, id: WlSurface) {
        let surface = Surface(self, number: surfaces.count)
        surfaces.append(surface)
        id.handler = surface
    }

    func createPool(_ resource: WlShm, id: WlShmPool, fd: consuming Descriptor, size: Int32) throws(ProtocolError) {
        id.handler = try Pool(fd, size: size)
    }

    func getXdgSurface(_ resource: XdgWmBase, id: XdgSurface, surface: WlSurface) {
        guard let window = surface.handler as? Surface else { return }
        window.shell = id
        id.handler = window
    }

    func createParams(_ resource: ZwpLinuxDmabufV1, paramsId: ZwpLinuxBufferParamsV1) { paramsId.handler = Params() }
    func createRegion(_ resource: WlCompositor, id: WlRegion) {}
    func createPositioner(_ resource: XdgWmBase, id: XdgPositioner) {}
    func pong(_ resource: XdgWmBase, serial: UInt32) {}
    func getDefaultFeedback(_ resource: ZwpLinuxDmabufV1, id: ZwpLinuxDmabufFeedbackV1) {}
    func getSurfaceFeedback(_ resource: ZwpLinuxDmabufV1, id: ZwpLinuxDmabufFeedbackV1, surface: WlSurface) {}

    func remove(_ surface: Surface) {
        surfaces.removeAll { $0 === surface }
        requestFrame()
    }

    /// Draws within a sixtieth of a second, however many ask for it.
    func requestFrame() {
        if isRequested { return }
        isRequested = true
        timer?.set(at: EventLoop.now + 16_666_667)
    }

    private func tick() {
        isRequested = false
        frame.draw(surfaces)
        let time = UInt32(truncatingIfNeeded: EventLoop.now / 1_000_000)
        for surface in surfaces { surface.sendCallbacks(time: time) }
        hasDrawn = hasDrawn || surfaces.contains { $0.shown != nil }
    }
}

func fail(_ message: String) -> Never {
    print("minimal-compositor: \(message)")
    exit(1)
}

/// Serves clients until one has shown a window; returns the frame with it. Nothing else is left then.
func firstFrame(on name: String, in folder: String) throws -> Descriptor {
    let compositor = try MinimalCompositor()
    compositor.display.listen(on: try ListeningSocket(name: name, in: folder))
    while !compositor.hasDrawn { compositor.display.loop.dispatch(timeout: -1) }
    return try compositor.frame.file.readOnlyDescriptor()
}

let words = Array(CommandLine.arguments.dropFirst())
guard words.count >= 2, let folder = unsafe getenv("XDG_RUNTIME_DIR").map({ unsafe String(cString: $0) }) else {
    fail("usage: XDG_RUNTIME_DIR=FOLDER minimal-compositor NAME COMMAND [ARGS...]")
}
do {
    try Disposal.start()  // Who closes what clients send.
    dup2(try firstFrame(on: words[0], in: folder).relinquish(), 0)
} catch {
    fail("\(error)")
}
let command = unsafe words.dropFirst().map { unsafe strdup($0) } + [nil]
unsafe execvp(words[1], command)
fail("\(words[1]) can't be run: \(unsafe String(cString: strerror(errno)))")
