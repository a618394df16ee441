// A compositor whose input comes from a script, a line each, on standard input.
//
//     scripted-compositor SOCKET WIDTH HEIGHT
//
// move X Y; down BUTTON; up BUTTON; click; scroll STEPS; key CODE (down and up); press CODE; release CODE; tap X Y;
// sleep MILLISECONDS. Buttons and keys are numbers of input-event-codes.h. Says "ready" when clients can connect, and
// "done" at the end of the script, where it ends too.

import Compositor
import Glibc
import Logging
import Pixels
import SharedMemory
import Synchronization
import WaylandServer

let words = CommandLine.arguments
guard words.count == 4, let width = Int(words[2]), let height = Int(words[3]) else {
    print("usage: scripted-compositor SOCKET WIDTH HEIGHT")
    exit(2)
}
guard let folder = unsafe getenv("XDG_RUNTIME_DIR").map({ unsafe String(cString: $0) }) else {
    print("XDG_RUNTIME_DIR isn't set")
    exit(2)
}

/// Says something at once.
@Sendable func say(_ text: String) {
    print(text)
    fflush(nil)
}

/// What a line of the script asks for; nil where it makes no sense.
@Sendable func events(_ line: [Substring]) -> [InputEvent]? {
    let numbers = line.dropFirst().compactMap { Double($0) }
    guard numbers.count == line.count - 1 else { return nil }
    let first = UInt32(max(0, numbers.first ?? 0))
    let left: UInt32 = 0x110
    switch (line[0], numbers.count) {
    case ("move", 2): return [.pointerMotion(to: Position(x: numbers[0], y: numbers[1]))]
    case ("down", 1): return [.pointerButton(first, isPressed: true)]
    case ("up", 1): return [.pointerButton(first, isPressed: false)]
    case ("click", 0): return [.pointerButton(left, isPressed: true), .pointerButton(left, isPressed: false)]
    case ("scroll", 1):
        let steps = numbers[0]
        return [.pointerScroll(Scroll(.vertical, by: 15 * steps, value120: Int32(120 * steps), source: .wheel))]
    case ("key", 1): return [.key(first, isPressed: true), .key(first, isPressed: false)]
    case ("press", 1): return [.key(first, isPressed: true)]
    case ("release", 1): return [.key(first, isPressed: false)]
    case ("tap", 2): return [.touchDown(0, at: Position(x: numbers[0], y: numbers[1])), .touchUp(0)]
    default: return nil
    }
}

/// Set when the script is at its end.
final class Ending: Sendable {
    let isDue = Atomic(false)
}

let ending = Ending()

/// Serves clients until the script is at its end.
func serve() throws {
    var settings = Compositor.Settings()
    settings.shmPolicy = .copy
    settings.outputs = [OutputMode(width: width, height: height)]
    settings.keymap = try Keymap()
    var log = Logger(label: "signet")
    log.logLevel = .warning
    let compositor = Compositor(settings: settings, log: log)
    compositor.listen(on: try ListeningSocket(name: words[1], in: folder))
    say("ready")

    let remote = compositor.remote
    try startThread {
        while let text = readLine() {
            let line = text.split(separator: " ")
            guard !line.isEmpty else { continue }
            if line[0] == "sleep" {
                usleep(1_000 * (line.dropFirst().first.flatMap { UInt32($0) } ?? 0))
            } else if let events = events(line) {
                for event in events { remote.post { $0.send(event) } }
            } else {
                say("what is '\(text)'?")
            }
        }
        usleep(200_000)
        ending.isDue.store(true, ordering: .releasing)
        remote.post { _ in }
    }
    while !ending.isDue.load(ordering: .acquiring) { compositor.dispatch() }
}

try serve()
say("done")
