import DirectRendering
import Foundation
import TestSupport
import Testing

/// Videos that come to the compositor in dma-bufs: what the sample player decodes, and what GStreamer hands on from a
/// camera.
@Suite(.serialized, .needs("udmabuf", TestDevices.hasUdmabuf)) struct PlayerDeviceTests {
    let folder = RuntimeDirectory()
    private var videos: TestVideo { TestVideo(folder: folder) }

    /// What the log says of a program's buffers.
    private func buffers(of name: String, in log: String) -> Substring {
        log.split(separator: "\n").last { $0.contains("\(name)[") && $0.contains("its pools:") } ?? ""
    }

    /// Whether it says, as in "dma-bufs: 4, 4 imported", that none was looked at by the CPU.
    private func areAllImported(_ buffers: Substring) -> Bool {
        let words = buffers.split(separator: " ").drop { $0 != "dma-bufs:" }.dropFirst()
        return words.count == 3 && words.first?.dropLast() == words.dropFirst().first && words.first != "0,"
    }

    @Test(arguments: [(320, 240, "yuv420p"), (322, 250, "yuv422p")])
    func `a video is shown from dma-bufs`(width: Int, height: Int, format: String) throws {
        guard TestVideo.isPossible else { return Program.notInstalled("ffmpeg") }
        // Bars, whose rows have the same chroma.
        let bars = ["-f", "lavfi", "-i", "smptebars=size=\(width)x\(height):rate=5", "-frames:v", "100"]
        let video = try videos.make("video.mp4", bars + ["-pix_fmt", format] + TestVideo.h264)
        let wanted = try videos.picture(of: video, matrix: "bt601")
        let compositor = try folder.compositor(["--output", "\(width)x\(height)", "--log-level", "info"])
        let player = try Running(
            "player",
            ["--fullscreen", video],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        var worst = 255
        _ = try eventually {
            worst = try folder.screenshot().difference(from: wanted, columns: 0..<width, rows: 0..<height / 2)
            return worst <= 2
        }
        #expect(worst <= 2, "the farthest channel")
        let outcome = player.end(SIGINT)
        #expect(outcome.status == 0 && outcome.output.contains("as dma-bufs of /dev/udmabuf"), "\(outcome)")
        #expect(!outcome.output.contains("wl_shm"), "\(outcome)")
        let buffers = buffers(of: "player", in: compositor.end().errors)
        #expect(areAllImported(buffers), "\(buffers)")
        #expect(buffers.contains("its pools: 0 sealed"), "\(buffers)")
    }

    private static let sizeLimit = "/sys/module/udmabuf/parameters/size_limit_mb"

    @Test(
        .enabled(
            if: FileManager.default.isWritableFile(atPath: sizeLimit),
            "skipped, because only root can limit what udmabuf makes"
        )
    )
    func `where no dma-buf can be made, a video is shown from shared memory`() throws {
        guard TestVideo.isPossible else { return Program.notInstalled("ffmpeg") }
        let video = try videos.make("video.mp4", TestVideo.still(64, 64, frames: 10) + TestVideo.h264)
        let before = try String(contentsOfFile: Self.sizeLimit, encoding: .utf8)
        try "0".write(toFile: Self.sizeLimit, atomically: false, encoding: .utf8)
        defer { try? before.write(toFile: Self.sizeLimit, atomically: false, encoding: .utf8) }
        let compositor = try folder.compositor(["--log-level", "info"])
        let outcome = try Program.run("player", [video], in: folder, environment: ["WAYLAND_DISPLAY": "test"])
        let told = "no dma-bufs (/dev/udmabuf: UDMABUF_CREATE: Invalid argument)"
        #expect(outcome.status == 0 && outcome.output.contains(told), "\(outcome)")
        #expect(outcome.output.contains("decoded 10 pictures, showed 10"), "\(outcome)")
        #expect(!outcome.output.contains("as dma-bufs"), "\(outcome)")
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(log)")
    }

    /// v4l2src hands its dma-bufs on as they are, and the sink takes formats that wl_shm lists.
    @Test(
        .needs("camera", TestDevices.camera(isMultiPlanar: false) != nil),
        arguments: ["YUY2", "NV12", "I420"]
    )
    func `a camera's dma-bufs go through GStreamer without a copy`(format: String) throws {
        guard let path = Program.installedPath(of: "gst-launch-1.0") else {
            return Program.notInstalled("gst-launch-1.0")
        }
        let camera = try #require(TestDevices.camera(isMultiPlanar: false)).path
        let compositor = try folder.compositor(["--log-level", "info"])
        let client = try Running(
            path,
            ["-q", "v4l2src", "device=\(camera)", "io-mode=dmabuf", "!"]
                + ["video/x-raw,format=\(format),width=320,height=180", "!", "waylandsink"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test", "GST_REGISTRY_FORK": "no"]
        )
        let isShown = try eventually { try folder.screenshot().hasRow(of: Picture.cameraBars) }
        #expect(isShown)
        let maps = try Program.run("/bin/cat", ["/proc/\(client.identifier)/maps"], in: nil).output
        #expect(!maps.contains(camera) && !maps.contains("dmabuf"), "the client has mapped pixels")
        let outcome = client.end(SIGINT)
        let buffers = buffers(of: "gst-launch-1.0", in: compositor.end().errors)
        #expect(areAllImported(buffers), "\(buffers) \(outcome)")
    }
}
