// wallpaper: a picture that nobody can change any more, not even its owner.
//
// The file is drawn once, sealed against writing, growing and shrinking, and against other seals; what is sent is a
// descriptor that is open for reading only. A compositor that maps it for writing would fail; one that maps it for
// reading knows that the picture stays as it is.
//
//     wallpaper [--frames N] [--size WxH]

import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

/// Five ranges of hills, the nearer the darker, under a pale sky; both coordinates go from 0 to 1.
func hills(_ x: Double, _ y: Double) -> UInt32 {
    var layer = 0.0
    for range in 1...5 {
        let distance = Double(range)
        let ridge =
            0.25 + distance * 0.13 - 0.05 * sin(x * 9 / distance + distance * 2) - 0.02 * sin(x * 31 + distance * 5)
        if y > ridge { layer = distance }
    }
    let light = 1 - layer / 6 - y * 0.15
    return UInt32(light * 190) << 16 | UInt32(light * 210 + 10) << 8 | UInt32(light * 200 + 45)
}

/// A window with one buffer, for good.
final class Picture: ShellWindow {
    private let buffer: WlBuffer
    private var isShown = false
    /// Whether it was shown, as 0 or 1.
    private(set) var frames = 0

    init(_ globals: Globals, title: String, _ buffer: WlBuffer) {
        self.buffer = buffer
        super.init(globals, title: title)
    }

    override func configured(width: Int?, height: Int?) {
        if isShown { return surface.commit() }
        isShown = true
        surface.attach(buffer: buffer, x: 0, y: 0)
        surface.damageBuffer(x: 0, y: 0, width: .max, height: .max)
        surface.frame().onDone = { [weak self] _ in self?.frames += 1 }
        surface.commit()
    }
}

let sample = Sample("wallpaper", width: 640, height: 400)
do {
    let globals = try Globals(try Connection())
    let (width, height) = (sample.width, sample.height)
    let size = width * height * 4
    let file = try AnonymousFile.create(name: "wallpaper", size: size)
    do {
        var mapping = try WritableMapping(file.descriptor, length: size)
        mapping.withMutableBytes(in: 0..<size) { bytes in
            for y in 0..<height {
                for x in 0..<width {
                    let color = hills(Double(x) / Double(width), Double(y) / Double(height))
                    bytes.storeBytes(of: color, toByteOffset: (y * width + x) * 4, as: UInt32.self)
                }
            }
        }
    }
    if case .memfd = file.backing { try file.descriptor.addSeals([.grow, .write, .seal]) }
    let reader = try file.readOnlyDescriptor()
    let facts = try DescriptorFacts.read(reader)
    sample.say(
        "sending a descriptor that is open for \(facts.access == .readOnly ? "reading only" : "writing"), "
            + "seals: \(facts.seals?.description ?? "none")"
    )
    let (buffer, way) = try globals.makeBuffer(
        in: reader,
        width: width,
        height: height,
        stride: width * 4,
        format: .xrgb8888
    )
    sample.say("the picture is in a file\(way.isEmpty ? ", in a pool of wl_shm's" : way)")

    let picture = Picture(globals, title: sample.name, buffer)
    // One frame is all that there is to show; then the client sleeps.
    while !picture.isClosed, sample.frames == 0 || picture.frames < 1 { try globals.connection.dispatch() }
    picture.close()
    buffer.destroy()
    try globals.connection.roundTrip()
} catch {
    sample.fail("\(error)")
}
