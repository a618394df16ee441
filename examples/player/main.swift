// player: a video from a file or the network, shown from the memory that it was decoded into.
//
// libavcodec decodes into sealed memfds. The compositor gets those as dma-bufs of /dev/udmabuf, or through wl_shm: no
// pixel is copied or touched between the decoder and the compositor's frame.
//
//     player FILE
//     player udp://HOST:PORT                  an MPEG transport stream
//     player --mjpeg tcp://HOST:PORT          JPEG pictures that come over a socket, as 'ffmpeg -f mjpeg' sends them
//     player --mjpeg unix:PATH
//
//     --shm          doesn't try dma-bufs
//     --fullscreen   as large as the output
//     --frames N     ends after N pictures
//     --timeout S    how many seconds to wait for a picture; 10 if not given

import CLibAV
import CLinux
import ClientToolkit
import Glibc
import SharedMemory
import WaylandClient

if let status = Receiver.runIfAsked(CommandLine.arguments) { exit(status) }

let sample = Sample(
    "player",
    width: 0,
    height: 0,
    options: ["--mjpeg": "ADDRESS", "--shm": "", "--fullscreen": "", "--timeout": "SECONDS"],
    argumentName: "FILE"
)
let seconds = Int(sample["--timeout"] ?? "10") ?? 0
guard (1...86_400).contains(seconds) else { sample.fail("--timeout takes a number of seconds, from 1 on") }
guard (sample.argument == nil) != (sample["--mjpeg"] == nil) else {
    sample.fail("what to play? a FILE, udp://HOST:PORT, or --mjpeg ADDRESS")
}

/// Ctrl-C and the like end the player as the video's end does; signalfd(2).
func waitForSignals(_ before: inout sigset_t) throws -> Descriptor {
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&mask, number) }
    unsafe pthread_sigmask(SIG_BLOCK, &mask, &before)
    return Descriptor(owning: try SystemCall.run("signalfd") { unsafe signalfd(-1, &mask, CInt(SFD_CLOEXEC)) })
}

/// CPU time of this process in milliseconds.
func processorTime() -> Double { Double(currentTime(of: CLOCK_PROCESS_CPUTIME_ID)) / 1e6 }

do {
    // What is wrong with a video is said here, in one line.
    av_log_set_level(AV_LOG_QUIET)
    var originalMask = sigset_t()
    let signals = try waitForSignals(&originalMask)
    let patience = Patience(seconds: seconds)
    let receiver = try sample["--mjpeg"].map { try ReceiverProcess($0, mask: originalMask) }
    let globals = try Globals(try Connection())
    let buffers = try PictureBuffers(globals, onlyShm: sample["--shm"] != nil, sample.say)
    let window = try VideoWindow(globals, title: sample.name, isFullscreen: sample["--fullscreen"] != nil)
    let (file, socket) = (sample.argument, receiver?.socket)
    let thread = try DecodingThread(patience: patience) {
        if let socket { PictureSource(socket, patience) } else { try Input(file!, patience) }
    }
    let isLive = file?.hasPrefix("udp://") ?? true
    let playback = Playback(thread.queue, window, buffers, isLive: isLive, sample.say)
    let connection = globals.connection
    var isInterrupted = false
    while !isInterrupted, !window.isClosed, !playback.isOver, sample.frames == 0 || playback.shown < sample.frames {
        let pause = try playback.advance()
        connection.flush()
        let milliseconds = pause.map { CInt(clamping: ($0 + 999_999) / 1_000_000) } ?? -1
        var entries = [connection.descriptorNumber, thread.queue.descriptorNumber, signals.rawValue].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = unsafe poll(&entries, 3, milliseconds)
        if entries[1].revents != 0 { thread.queue.acknowledge() }
        isInterrupted = entries[2].revents != 0
        try connection.dispatchAvailable()
    }
    let (queue, ending) = (thread.queue, thread.queue.ending)
    thread.end()
    receiver?.end()
    window.close()
    try connection.roundTrip()
    if queue.decoded > 0 {
        let damaged = queue.damaged > 0 ? ", \(queue.damaged) packets damaged" : ""
        sample.say("decoded \(queue.decoded) pictures, showed \(playback.shown), dropped \(playback.dropped)\(damaged)")
        let cost = (processorTime() / Double(queue.decoded) * 100).rounded() / 100
        sample.say("they were in \(thread.pool.made) sealed memfds, \(buffers.summary); \(cost) ms of CPU for each")
    }
    if case .failed(let message) = ending { throw Failure(message) }
} catch {
    sample.fail("\(error)")
}
