// A client whose requests are all allowed, and that wants too much of what is drawn and kept for it. It stays until it
// is killed, or until it is ended.
//
//     hostile-windows WHAT COUNT
//
// WHAT: bars (COUNT windows with a title bar as wide as there are), titles (COUNT titles, each of characters that no
// other one has), frames (COUNT frames, each kept after the session that it is from), fences (commits COUNT dma-bufs
// that wait for fences), vanishing (shows memory of COUNT MiB that is taken out and put back all the time), or one of
// the scenes in Scenes.swift.
// Says "done" when all was sent.

import CDRM
import CLinux
import ClientToolkit
import DirectRendering
import Glibc
import SharedMemory
import WaylandClient

/// A window of any size, for which the client sends one pixel.
final class CheapWindow {
    let window: ShellWindow
    private let viewport: WpViewport
    private let buffer: WlBuffer

    init(_ globals: Globals, title: String, width: Int32, height: Int32) throws {
        window = ShellWindow(globals, title: title)
        buffer = try globals.bind(WpSinglePixelBufferManagerV1.self, upTo: 1)
            .createU32RgbaBuffer(r: 0, g: 0, b: 0, a: 0)
        viewport = try globals.bind(WpViewporter.self, upTo: 1).getViewport(surface: window.surface)
        viewport.setDestination(width: width, height: height)
        try globals.connection.roundTrip()
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.commit()
    }
}

/// A dma-buf that waits for a device.
final class BusyWindow {
    private let window: ShellWindow
    private let memory: DumbBuffer
    private let buffer: WlBuffer

    init(_ globals: Globals, _ device: DRMDevice) throws {
        window = ShellWindow(globals, title: "busy")
        memory = try DumbBuffer(on: device, width: 64, height: 64)
        let exported = try memory.export()
        let params = try globals.bind(ZwpLinuxDmabufV1.self, upTo: 3).createParams()
        let xrgb8888: UInt32 = 0x3432_5258
        let stride = UInt32(memory.stride)
        params.add(fd: exported.descriptor, planeIdx: 0, offset: 0, stride: stride, modifierHi: 0, modifierLo: 0)
        buffer = params.createImmed(width: 64, height: 64, format: xrgb8888, flags: [])
        params.destroy()
        guard signet_vgem_attach_fence(device.descriptor.rawValue, memory.handle, 1) > 0 else { exit(1) }
        try globals.connection.roundTrip()
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.commit()
    }
}

/// `count` characters from the `number`th part of those that there are.
func title(_ number: Int, count: Int = 1_300) -> String {
    let first = 0x3400 + number * count % 0x6800
    return String(String.UnicodeScalarView((first..<first + count).compactMap { Unicode.Scalar($0) }))
}

/// A window whose memory is there when it is committed, and isn't when it is drawn.
final class VanishingWindow {
    private let window: ShellWindow
    private let memory: AnonymousFile
    private let buffer: WlBuffer

    init(_ globals: Globals, megabytes: Int) throws {
        let size = megabytes << 20
        memory = try AnonymousFile.create(name: "vanishing", size: size)
        guard fallocate(memory.descriptor.rawValue, 0, 0, off_t(size)) == 0 else { exit(1) }
        window = ShellWindow(globals, title: "vanishing")
        let pool = try globals.bind(WlShm.self, upTo: 1).createPool(fd: memory.descriptor, size: Int32(size))
        buffer = pool.createBuffer(offset: 0, width: 400, height: 300, stride: 1_600, format: .xrgb8888)
        try globals.connection.roundTrip()
        let file = memory.descriptor.rawValue
        show()
        try globals.connection.roundTrip()
        try startThread {
            while true {
                fallocate(file, SIGNET_FALLOC_FL_PUNCH_HOLE | SIGNET_FALLOC_FL_KEEP_SIZE, 0, off_t(size))
                fallocate(file, 0, 0, off_t(size))
            }
        }
    }

    func show() {
        window.surface.attach(buffer: buffer, x: 0, y: 0)
        window.surface.damageBuffer(x: 0, y: 0, width: 400, height: 300)
        window.surface.commit()
    }
}

guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) else { exit(64) }
let connection = try Connection()
let globals = try Globals(connection)
var kept: [AnyObject] = []
switch CommandLine.arguments[1] {
case "bars":
    for _ in 0..<count { kept.append(try CheapWindow(globals, title: "wide", width: 16_384, height: 4)) }
case "titles":
    let one = try CheapWindow(globals, title: "", width: 16_384, height: 4)
    kept.append(one)
    for number in 0..<count {
        one.window.toplevel.setTitle(title: title(number))
        try connection.roundTrip()
    }
case "frames":
    let manager = try globals.bind(SignetSealedFrameManagerV1.self, upTo: 1)
    let output = try globals.bind(WlOutput.self, upTo: 1)
    for _ in 0..<count {
        let session = manager.createSession(output: output)
        kept.append(session.nextFrame())
        usleep(20_000)
        try connection.roundTrip()
        session.destroy()
    }
case "fences":
    let devices = DRMDevice.nodes().filter { $0.contains("/card") }.lazy.compactMap { try? DRMDevice(path: $0) }
    guard let device = devices.first(where: { $0.driver == "vgem" }) else { exit(1) }
    for _ in 0..<count { kept.append(try BusyWindow(globals, device)) }
case "vanishing":
    let window = try VanishingWindow(globals, megabytes: count)
    kept.append(window)
    for _ in 0..<100 {
        window.show()
        try connection.roundTrip()
        usleep(10_000)
    }
case let name:
    let scenes = try Scenes(connection)
    kept.append(scenes)
    switch name {
    case "shatter": try scenes.shatter(count)
    case "layers": try scenes.layers(count)
    case "images": try scenes.images(count)
    case "outputs": try scenes.outputs(count)
    case "commits": try scenes.commits(count)
    case "held": try scenes.held(count)
    case "sessions": try scenes.sessions(count)
    case "readers": try scenes.readers(count)
    case "sums": try scenes.sums(count)
    default: exit(64)
    }
}
_ = unsafe write(STDOUT_FILENO, "done\n", 5)
while true {
    try connection.roundTrip()
    usleep(50_000)
}
