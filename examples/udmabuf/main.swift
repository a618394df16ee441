// udmabuf: the same pixels, offered both ways.
//
// A sealed memfd holds a picture. The left half of the window is a buffer over it as shared memory, the right
// half a dma-buf that /dev/udmabuf made of the same pages: whatever is drawn appears twice, and exists once.
//
//     udmabuf [--frames N] [--size WxH]

import ClientToolkit
import DirectRendering
import Glibc
import SharedMemory
import WaylandClient

/// A bar that goes up and down over a gradient, as 0xRRGGBB.
func color(_ x: Int, _ y: Int, width: Int, height: Int, time: Int) -> UInt32 {
    let phase = time / 20 % (2 * height)
    let bar = phase < height ? phase : 2 * height - 1 - phase
    if abs(y - bar) < 4 { return 0xeceff4 }
    return UInt32(x * 255 / width) << 16 | UInt32(y * 255 / height) << 8 | 0x60
}

/// A picture in a memfd, with a buffer of each kind over it.
final class Picture {
    let width: Int
    let height: Int
    let shared: WlBuffer
    let device: WlBuffer
    private let memory: DMABuffer
    private var mapping: WritableMapping

    init(_ globals: Globals, _ dmabuf: ZwpLinuxDmabufV1, width: Int, height: Int) throws {
        let bytes = width * height * 4
        // udmabuf takes whole pages.
        let page = sysconf(CInt(_SC_PAGESIZE))
        let size = (bytes + page - 1) / page * page
        let file = try AnonymousFile.create(name: "udmabuf", size: size)
        memory = try SystemMemory.udmabuf(of: file.descriptor, range: 0..<size)
        mapping = try WritableMapping(file.descriptor, length: size)
        shared = try globals.makeBuffer(
            in: file.descriptor,
            width: width,
            height: height,
            stride: width * 4,
            format: .xrgb8888
        ).buffer
        let params = dmabuf.createParams()
        params.add(memory.descriptor, plane: 0, offset: 0, stride: width * 4)
        device = params.makeBuffer(width: width, height: height, fourcc: DRMFormat.xrgb8888)
        self.width = width
        self.height = height
    }

    func draw(time: Int) throws {
        try memory.beginAccess(.write)
        mapping.withMutableBytes(in: 0..<width * height * 4) { bytes in
            for y in 0..<height {
                for x in 0..<width {
                    bytes.storeBytes(
                        of: color(x, y, width: width, height: height, time: time),
                        toByteOffset: (y * width + x) * 4,
                        as: UInt32.self
                    )
                }
            }
        }
        try memory.endAccess(.write)
    }
}

/// Shows the picture through its buffer of shared memory, and beside that, in a subsurface, through its dma-buf.
final class Pair: ShellWindow {
    private let picture: Picture
    private let right: WlSurface
    private var place: WlSubsurface?
    private(set) var frames = 0
    private(set) var failure: (any Error)?

    init(_ globals: Globals, title: String, _ picture: Picture) throws {
        self.picture = picture
        right = globals.compositor.createSurface()
        let subcompositor = try globals.bind(WlSubcompositor.self, upTo: 1)
        super.init(globals, title: title)
        place = subcompositor.getSubsurface(surface: right, parent: surface)
        place?.setPosition(x: Int32(picture.width), y: 0)
    }

    override func configured(width: Int?, height: Int?) {
        if frames == 0 { show(time: 0) } else { surface.commit() }
    }

    private func show(time: UInt32) {
        do {
            // One picture for both, and no second one to draw into: a compositor that looks meanwhile sees half a
            // frame.
            try picture.draw(time: Int(time))
            for (surface, buffer) in [(right, picture.device), (surface, picture.shared)] {
                surface.attach(buffer: buffer, x: 0, y: 0)
                surface.damage(x: 0, y: 0, width: Int32(picture.width), height: Int32(picture.height))
                if surface === self.surface { surface.frame().onDone = { [weak self] in self?.show(time: $0) } }
                surface.commit()
            }
            frames += 1
        } catch {
            failure = error
        }
    }

    override func close() {
        place?.destroy()
        right.destroy()
        super.close()
    }
}

let sample = Sample("udmabuf", width: 320, height: 160)
do {
    let globals = try Globals(try Connection())
    let dmabuf = try globals.bind(ZwpLinuxDmabufV1.self, upTo: 3)
    let picture = try Picture(globals, dmabuf, width: max(1, sample.width / 2), height: sample.height)
    sample.say("\(SystemMemory.udmabufPath) made a dma-buf of a memfd sealed with \(Seals.shrink)")
    let pair = try Pair(globals, title: sample.name, picture)
    while !pair.isClosed, sample.frames == 0 || pair.frames < sample.frames {
        try globals.connection.dispatch()
        if let failure = pair.failure { sample.fail("\(failure)") }
    }
    pair.close()
    try globals.connection.roundTrip()
} catch let error as DeviceError where error.request == "open" {
    sample.fail("\(error); the kernel's module udmabuf makes it, and it belongs to root or the group kvm")
} catch {
    sample.fail("\(error)")
}
