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

    @Test(arguments: [(320, 240, "bt601"), (322, 250, "bt601"), (1_280, 64, "bt709")], ["yuv420p", "yuv422p"])
    func `a video is shown from dma-bufs`(size: (width: Int, height: Int, matrix: String), format: String) throws {
        guard TestVideo.isPossible else { return Program.notInstalled("ffmpeg") }
        let (width, height) = (size.width, size.height)
        // Bars, whose rows have the same chroma.
        let bars = ["-f", "lavfi", "-i", "smptebars=size=\(width)x\(height):rate=30", "-frames:v", "150"]
        let video = try videos.make("video.mp4", bars + ["-pix_fmt", format] + TestVideo.h264)
        let wanted = try videos.picture(of: video, matrix: size.matrix)
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
        let counts = buffers.split(separator: "dma-bufs: ").last?.split { !$0.isNumber }.compactMap { Int($0) } ?? []
        #expect(counts.count == 2 && counts.first == counts.last && counts.first ?? 0 > 0, "\(buffers)")
        #expect(buffers.contains("its pools: 0 sealed"), "\(buffers)")
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
        // The test picture has bars of eight colours.
        let isShown = try eventually { try folder.screenshot().colorCount > 50 }
        #expect(isShown)
        let maps = try String(contentsOfFile: "/proc/\(client.identifier)/maps", encoding: .utf8)
        #expect(!maps.contains(camera) && !maps.contains("dmabuf"), "the client has mapped pixels")
        let outcome = client.end(SIGINT)
        let buffers = buffers(of: "gst-launch-1.0", in: compositor.end().errors)
        #expect(buffers.contains("dma-bufs: 4, 4 imported"), "\(buffers) \(outcome)")
    }
}
