// subsurfaces: one window of three surfaces.
//
// A ball moves around as a synchronised subsurface: its place and the parent's picture change in the same frame. Behind
// the window's edge sits a second one, four pixels that a viewport enlarges to 80x80; it is desynchronised, and never
// redrawn.
//
//     subsurfaces [--frames N] [--size WxH]

import ClientToolkit
import Glibc
import WaylandClient
import WaylandWire

let sample = Sample("subsurfaces", width: 320, height: 240)
do {
    let globals = try Globals(try Connection())
    let subcompositor = try globals.bind(WlSubcompositor.self, upTo: 1)
    let viewporter = try globals.bind(WpViewporter.self, upTo: 1)
    let window = Window(globals, title: sample.name, width: sample.width, height: sample.height)

    let ballSize = 48
    let ball = try ShmCanvas(globals, width: ballSize, height: ballSize, format: .argb8888)
    try ball.fill { x, y in
        let (dx, dy) = (x - ballSize / 2, y - ballSize / 2)
        let isInside = dx * dx + dy * dy < ballSize * ballSize / 4
        return isInside ? 0xffd0_8770 : 0
    }
    let ballSurface = globals.compositor.createSurface()
    let ballPlace = subcompositor.getSubsurface(surface: ballSurface, parent: window.surface)
    ballSurface.attach(buffer: ball.buffer, x: 0, y: 0)
    ballSurface.commit()

    let tiles = try ShmCanvas(globals, width: 2, height: 2)
    try tiles.fill { x, y in x == y ? 0x00a3_be8c : 0x0088_c0d0 }
    let tileSurface = globals.compositor.createSurface()
    let tilePlace = subcompositor.getSubsurface(surface: tileSurface, parent: window.surface)
    tilePlace.setPosition(x: Int32(sample.width - 40), y: Int32(sample.height - 40))
    tilePlace.placeBelow(sibling: window.surface)
    tilePlace.setDesync()
    let viewport = viewporter.getViewport(surface: tileSurface)
    viewport.setSource(x: Fixed(0), y: Fixed(0), width: Fixed(2), height: Fixed(2))
    viewport.setDestination(width: 80, height: 80)
    tileSurface.attach(buffer: tiles.buffer, x: 0, y: 0)
    tileSurface.commit()

    window.draw = { canvas, time in
        let angle = Double(time % 4_000) / 4_000 * 2 * .pi
        let x = Double(canvas.width - ballSize) * (0.5 + 0.4 * cos(angle))
        let y = Double(canvas.height - ballSize) * (0.5 + 0.4 * sin(angle))
        // The parent's picture points at where the ball is: both change together or not at all.
        let (centerX, centerY) = (Int(x) + ballSize / 2, Int(y) + ballSize / 2)
        try canvas.fill { column, row in column == centerX || row == centerY ? 0x00ec_eff4 : 0x0043_4c5e }
        ballPlace.setPosition(x: Int32(x), y: Int32(y))
    }
    try sample.run(window, on: globals.connection)
    for place in [ballPlace, tilePlace] { place.destroy() }
    for surface in [ballSurface, tileSurface] { surface.destroy() }
    window.close()
    try globals.connection.roundTrip()
} catch {
    sample.fail("\(error)")
}
