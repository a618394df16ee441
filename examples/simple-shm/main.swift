// simple-shm: an animated window in shared memory.
//
// The memory is a memfd, sealed against shrinking before the compositor sees it; on a kernel without memfd_create it is an
// unlinked shm_open file. The first line that is printed tells which it is.
//
//     simple-shm [--frames N] [--size WxH]

import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

struct Options {
    /// After so many the client ends; 0 is never.
    var frames = 0
    var width = 300
    var height = 300

    init(_ arguments: some Sequence<String>) {
        var rest = Array(arguments)
        while let option = rest.first {
            rest.removeFirst()
            switch option {
            case "--frames":
                guard let value = rest.first.flatMap({ Int($0) }), value >= 0 else { fail("--frames takes a number") }
                frames = value
            case "--size":
                let numbers = rest.first?.split(separator: "x").compactMap { Int($0) } ?? []
                guard numbers.count == 2, numbers.allSatisfy({ (1...8_192).contains($0) }) else {
                    fail("--size takes a size as 300x200")
                }
                (width, height) = (numbers[0], numbers[1])
            default: fail("'\(option)' isn't an option; there are --frames N and --size WxH")
            }
            rest.removeFirst()
        }
    }
}

func fail(_ message: String) -> Never {
    let line = "simple-shm: \(message)\n"
    _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
}

/// Rings that grow out of the middle, as 0xRRGGBB.
func color(_ x: Int, _ y: Int, width: Int, height: Int, time: Int) -> UInt32 {
    let (dx, dy) = (x &- width / 2, y &- height / 2)
    let distance = dx &* dx &+ dy &* dy
    let phase = UInt32(truncatingIfNeeded: (distance >> 6) &- time / 8)
    return 0xff00_0000 | (phase & 0xff) << 16 | (phase &* 3 & 0xff) << 8 | (255 &- (phase & 0xff))
}

let options = Options(CommandLine.arguments.dropFirst())
do {
    let globals = try Globals(try Connection())
    let window = Window(globals, title: "simple-shm", width: options.width, height: options.height)
    window.draw = { canvas, time in
        canvas.fill { color($0, $1, width: canvas.width, height: canvas.height, time: Int(time)) }
    }
    var isTold = false
    while !window.isClosed, options.frames == 0 || window.frameCount < options.frames {
        try globals.connection.dispatch()
        if let failure = window.failure { fail("\(failure)") }
        if !isTold, let backing = window.backing {
            isTold = true
            let kind =
                switch backing {
                case .memfd(let seals): "a memfd sealed with \(seals)"
                case .posixSharedMemory: "a shm_open file, since this kernel has no memfd_create"
                }
            let line = "simple-shm: drawing into \(kind)\n"
            _ = unsafe write(STDOUT_FILENO, line, line.utf8.count)
        }
    }
    window.close()
    try globals.connection.roundTrip()
} catch {
    fail("\(error)")
}
