// prime: an animated window in memory of a graphics device.
//
// The device makes two dumb buffers, and drmPrimeHandleToFD makes dma-bufs of them; the compositor gets descriptors,
// and no pixel is copied on the way to it. Any device that has dumb buffers and exports them will do, a real one or the
// kernel's vgem.
//
//     prime [--device /dev/dri/cardN] [--frames N] [--size WxH]

import ClientToolkit
import DirectRendering
import SharedMemory
import WaylandClient

/// Squares that move to the right, each with a gradient of its own, as 0xRRGGBB.
func color(_ x: Int, _ y: Int, time: Int) -> UInt32 {
    let (column, row) = (x &+ time / 16, y)
    let isDark = (column / 32 &+ row / 32) % 2 == 0
    let (red, green) = (UInt32(column % 32) * 4, UInt32(row % 32) * 4)
    return isDark ? 0x2e3440 &+ red &+ green << 8 : 0x88c0d0 &- green
}

/// The device that was asked for, or the first that can do what is needed; ends the process where there is none.
func findDevice(_ sample: Sample) -> DRMDevice {
    let nodes = sample["--device"].map { [$0] } ?? DRMDevice.nodes()
    if nodes.isEmpty {
        sample.fail("there is no /dev/dri here; 'signet doctor' tells what this machine has, and simple-shm needs none")
    }
    var reasons: [String] = []
    for node in nodes {
        do {
            let device = try DRMDevice(path: node)
            let probe = try DumbBuffer(on: device, width: 16, height: 16)
            _ = try probe.export()
            sample.say("\(node) (\(device.driver)) makes dumb buffers and exports them")
            return device
        } catch {
            reasons.append("\(error)")
        }
    }
    sample.fail("no device makes dumb buffers and exports them: \(reasons.joined(separator: "; "))")
}

let sample = Sample("prime", width: 320, height: 240, options: ["--device": "PATH"])
do {
    let globals = try Globals(try Connection())
    let dmabuf = try globals.bind(ZwpLinuxDmabufV1.self, upTo: 3)
    let device = findDevice(sample)
    let window = Window(globals, title: sample.name, width: sample.width, height: sample.height) { width, height in
        let buffer = try DumbBuffer(on: device, width: width, height: height)
        // The dma-buf keeps the memory, so the device's own handle can go.
        return DmabufCanvas(
            dmabuf,
            try buffer.export(),
            mapping: try buffer.map(),
            width: width,
            height: height,
            stride: buffer.stride,
            origin: "a dumb buffer of \(device.path), exported as a dma-buf"
        )
    }
    window.draw = { canvas, time in try canvas.fill { color($0, $1, time: Int(time)) } }
    try sample.run(window, on: globals.connection)
    window.close()
    try globals.connection.roundTrip()
} catch {
    sample.fail("\(error)")
}
