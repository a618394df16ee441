// camera: what a V4L2 device sees, in a window, without a copy by the CPU.
//
// The camera fills its own buffers, which VIDIOC_EXPBUF makes dma-bufs of; or, with --import, buffers of a graphics
// device, which drmPrimeHandleToFD makes dma-bufs of: then three share one memory, the camera, the graphics device and
// the compositor. A buffer goes back to the camera when the compositor has released it.
//
//     camera [--device /dev/videoN] [--format YUYV|NV12|NM12|...] [--import] [--graphics /dev/dri/cardN]
//            [--frames N] [--size WxH] [--save FILE]
//
// With --save and --frames the last frame's bytes are written to FILE, and it stays in the window.

import ClientToolkit
import DirectRendering
import Glibc
import SharedMemory
import WaylandClient

let sample = Sample(
    "camera",
    width: 640,
    height: 360,
    options: ["--device": "PATH", "--format": "NAME", "--import": "", "--graphics": "PATH", "--save": "FILE"]
)

/// Shows frames as they come.
final class Viewfinder: ShellWindow {
    private(set) var frames = 0

    func show(_ frame: Frame, _ picture: VideoQueue.Format) {
        surface.attach(buffer: frame.buffer, x: 0, y: 0)
        surface.damage(x: 0, y: 0, width: Int32(picture.width), height: Int32(picture.height))
        surface.commit()
        frames += 1
    }
}

do {
    let globals = try Globals(try Connection())
    let dmabuf = try globals.bind(ZwpLinuxDmabufV1.self, upTo: 3)
    var shown: Set<UInt32> = []
    dmabuf.onModifier = { format, _, _ in shown.insert(format) }
    try globals.connection.roundTrip()

    let (device, format) = findCamera(for: sample, shown: shown)
    let camera = try Camera(device, format, width: sample.width, height: sample.height)
    if sample["--import"] == nil {
        try camera.useOwnMemory(dmabuf)
    } else {
        try camera.useMemory(of: findGraphics(for: sample), dmabuf)
    }
    let picture = camera.picture
    sample.say(
        "\(picture.width)x\(picture.height) in \(picture.planes.count) dma-buf(s), \(camera.frames.count) frames"
    )

    let window = Viewfinder(globals, title: sample.name)
    var failure: (any Error)?
    for frame in camera.frames {
        frame.buffer.onRelease = { do { try camera.fill(frame) } catch { failure = error } }
    }
    while !window.isConfigured { try globals.connection.dispatch() }
    try camera.start()
    while !window.isClosed, sample.frames == 0 || window.frames < sample.frames {
        globals.connection.flush()
        var entries = [globals.connection.descriptorNumber, device.descriptor.rawValue].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = unsafe poll(&entries, 2, -1)
        try globals.connection.dispatchAvailable()
        if let failure { throw failure }
        guard let finished = try camera.queue.dequeue() else { continue }
        let frame = camera.frames[finished.index]
        if finished.isDamaged { try camera.fill(frame) } else { window.show(frame, picture) }
        if let path = sample["--save"], window.frames == sample.frames, sample.frames > 0 {
            // The camera has the others; this one stays as it is.
            frame.buffer.onRelease = {}
            try globals.connection.roundTrip()
            try frame.save(to: path, picture)
            sample.say("saved the frame that is shown to \(path)")
            while !window.isClosed { try globals.connection.dispatch() }
        }
    }
    window.close()
    try camera.queue.stop()
    try globals.connection.roundTrip()
} catch {
    sample.fail("\(error)")
}
