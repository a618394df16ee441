// simple-shm: an animated window in shared memory.
//
// The memory is a memfd, sealed against shrinking before the compositor sees it; on a kernel without memfd_create it is
// an unlinked shm_open file. The first line that is printed tells which it is.
//
//     simple-shm [--frames N] [--size WxH]

import ClientToolkit
import WaylandClient

/// Rings that grow out of the middle, as 0xRRGGBB.
func color(_ x: Int, _ y: Int, width: Int, height: Int, time: Int) -> UInt32 {
    let (dx, dy) = (x &- width / 2, y &- height / 2)
    let distance = dx &* dx &+ dy &* dy
    let phase = UInt32(truncatingIfNeeded: (distance >> 6) &- time / 8)
    return 0xff00_0000 | (phase & 0xff) << 16 | (phase &* 3 & 0xff) << 8 | (255 &- (phase & 0xff))
}

let sample = Sample("simple-shm", width: 300, height: 300)
do {
    let globals = try Globals(try Connection())
    let window = Window(globals, title: sample.name, width: sample.width, height: sample.height)
    window.draw = { canvas, time in
        try canvas.fill { color($0, $1, width: canvas.width, height: canvas.height, time: Int(time)) }
    }
    try sample.run(window, on: globals.connection)
    window.close()
    try globals.connection.roundTrip()
} catch {
    sample.fail("\(error)")
}
