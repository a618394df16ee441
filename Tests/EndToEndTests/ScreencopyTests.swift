import ClientToolkit
import Foundation
import Glibc
import SharedMemory
import TestSupport
import Testing
import WaylandClient

/// Programs that know wlr-screencopy, the distribution's and hostile ones.
@Suite(.serialized) struct ScreencopyTests {
    let folder = RuntimeDirectory()

    private func start(_ name: String, _ arguments: [String]) throws -> Running {
        let path = Program.installedPath(of: name) ?? name
        return try Running(path, arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    /// At scales that grim is told of rounded up, too.
    @Test(arguments: ["480x360", "480x360*2", "501x333*1.5"])
    func `grim's picture is signet screenshot's`(output: String) throws {
        guard Program.isInstalled("grim") else { return Program.notInstalled("grim") }
        let compositor = try folder.compositor(["--shm-policy", "copy", "--output", output])
        let connection = try Connection(to: folder.path + "/test")
        let window = StillWindow(try Globals(connection), color: 0x12_34_56)
        let isShown = try eventually {
            try connection.roundTrip()
            return try folder.screenshot().count(of: 0x12_34_56) > 1_000
        }
        #expect(isShown)
        let file = folder.path + "/grim.png"
        let outcome = try start("grim", ["-o", "HEADLESS-1", file]).finish()
        #expect(outcome.status == 0, "\(outcome)")
        let (grim, own) = (try Picture(contentsOf: file), try folder.screenshot())
        #expect(grim.width == own.width && grim.height == own.height && grim.pixels == own.pixels)
        withExtendedLifetime(window) {}
        connection.close()
        #expect(compositor.end().status == 0)
    }

    @Test func `wf-recorder makes a video that plays`() throws {
        for name in ["wf-recorder", "ffprobe"] where !Program.isInstalled(name) { return Program.notInstalled(name) }
        let compositor = try folder.compositor(["--shm-policy", "copy"])
        let animation = try start("simple-shm", ["--size", "200x100"])
        let file = folder.path + "/video.mp4"
        let recorder = try start("wf-recorder", ["-f", file])
        sleep(3)
        _ = recorder.end(SIGINT)
        animation.end()
        let format = ["-show_entries", "stream=width,height,nb_read_frames", "-of", "csv=p=0"]
        let outcome = try start("ffprobe", ["-v", "error", "-count_frames"] + format + [file]).finish()
        let numbers = outcome.output.split { !$0.isNumber }.compactMap { Int($0) }
        #expect(numbers.count == 3 && numbers[0] == 480 && numbers[1] == 360 && numbers[2] > 20, "\(outcome)")
        #expect(compositor.end().status == 0)
    }

    /// A client of this process's, with room for a picture of the output.
    private struct Copier {
        let connection: Connection
        let manager: ZwlrScreencopyManagerV1
        let output: WlOutput
        let buffer: WlBuffer

        init(_ file: borrowing Descriptor) throws {
            connection = try Connection(to: "test")
            let globals = try Globals(connection)
            manager = try globals.bind(ZwlrScreencopyManagerV1.self, upTo: 3)
            output = try globals.bind(WlOutput.self, upTo: 4)
            let pool = globals.shm.createPool(fd: file, size: 480 * 360 * 4)
            buffer = pool.createBuffer(offset: 0, width: 480, height: 360, stride: 1_920, format: .xrgb8888)
        }

        /// Asks for a copy. `events` gets what becomes of it.
        func copy(_ heard: @escaping (String) -> Void) {
            let frame = manager.captureOutput(overlayCursor: 0, output: output)
            frame.onReady = { _, _, _ in heard("ready") }
            frame.onFailed = { heard("failed") }
            frame.copy(buffer: buffer)
        }
    }

    @Test func `a copy into a file whose lock is held fails, and holds up nobody`() throws {
        guard let stuck = try StrangerTests.StuckFile(in: folder, everything: true) else {
            return Program.notInstalled("FUSE, which takes root,")
        }
        // No program can be started while this process has such a file: its copy would close that.
        let scene = try HostileScene(folder, isWatched: true)
        let memory = TestFile.memfd(480 * 360 * 4, seals: .shrink)
        let copier = try Copier(memory)
        try copier.connection.roundTrip()
        // Whoever writes has the lock, and waits for the file system that what is written comes from.
        let page = StuckPage(stuck.path)
        let number = memory.rawValue
        Thread.detachNewThread { page.write(to: number) }
        usleep(200_000)
        var events: [String] = []
        for _ in 0..<3 { copier.copy { events.append($0) } }
        try copier.connection.roundTrip()
        try scene.liveWithFrames(milliseconds: 500)
        try copier.connection.roundTrip()
        #expect(events.isEmpty)
        let hasFailed = try eventually {
            try copier.connection.roundTrip()
            return events == ["failed", "failed", "failed"]
        }
        #expect(hasFailed, "\(events)")
        try scene.liveWithFrames(milliseconds: 500)
        // Gone while the lane still waits.
        copier.connection.close()
        try scene.live(milliseconds: 200)
        stuck.end()
        try scene.finish()
    }

    /// Memory whose bytes never come.
    @safe
    private final class StuckPage: @unchecked Sendable {
        private let address: UnsafeMutableRawPointer?
        /// Closing it waits too.
        private let file: Descriptor

        init(_ path: String) {
            file = TestFile.open(path, O_RDWR)
            unsafe address = mmap(nil, 4_096, PROT_READ, MAP_SHARED, file.rawValue, 0)
        }

        func write(to number: CInt) { _ = unsafe pwrite(number, address, 4_096, 0) }
    }

    @Test func `clients that are killed while they copy leave nothing behind`() throws {
        guard Program.isInstalled("grim") else { return Program.notInstalled("grim") }
        let scene = try HostileScene(folder, policy: "copy")
        for delay in stride(from: 0, to: 60_000, by: 3_000) {
            let grim = try start("grim", [folder.path + "/grim.png"])
            usleep(useconds_t(delay))
            grim.end(SIGKILL)
        }
        try scene.live(milliseconds: 200)
        try scene.finish()
    }
}
