import Glibc
import Testing

/// Videos in shared memory, as GStreamer's sink brings them.
@Suite(.serialized) struct VideoSinkTests {
    let folder = RuntimeDirectory()

    private static let bars: [UInt32] = [0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff]

    /// How far the bars of a picture are from pure colours, in the channel that is farthest; 255 for another size.
    private func difference(from picture: Picture, width: Int) -> Int {
        guard picture.width == width, picture.height == 240 else { return 255 }
        var worst = 0
        for (bar, color) in Self.bars.enumerated() {
            // Away from the edges, where bars share chroma, and from what is below.
            for x in bar * width / 7 + 4..<(bar + 1) * width / 7 - 4 {
                for y in 0..<150 {
                    let pixel = picture.pixels[y * picture.width + x]
                    for shift: UInt32 in [0, 8, 16] {
                        worst = max(worst, abs(Int(pixel >> shift & 0xff) - Int(color >> shift & 0xff)))
                    }
                }
            }
        }
        return worst
    }

    /// In a width that isn't a multiple of four, so that there is padding, but for I420: GStreamer 1.22 pads its chroma
    /// on its own there, and doesn't show it, as wl_shm has but one stride.
    @Test(arguments: [("NV12", 322), ("YUY2", 322), ("UYVY", 322), ("NV16", 322), ("I420", 336)])
    func `a test picture's bars have their colours`(format: String, width: Int) throws {
        for name in ["gst-launch-1.0", "gst-inspect-1.0"] where !Program.isInstalled(name) {
            return Program.notInstalled(name)
        }
        let inspect = try #require(Program.installedPath(of: "gst-inspect-1.0"))
        for element in ["waylandsink", "videotestsrc"]
        where try Program.run(inspect, ["--exists", element], in: folder).status != 0 {
            return Program.notInstalled("GStreamer's \(element)")
        }
        let compositor = try folder.compositor(["--output", "\(width)x240", "--log-level", "info"])
        let client = try Running(
            try #require(Program.installedPath(of: "gst-launch-1.0")),
            ["-q", "videotestsrc", "!", "video/x-raw,format=\(format),width=\(width),height=240"]
                + ["!", "waylandsink", "fullscreen=true"],
            in: folder,
            environment: ["WAYLAND_DISPLAY": "test"]
        )
        var worst = 255
        _ = try eventually {
            worst = difference(from: try folder.screenshot(), width: width)
            return worst <= 8
        }
        #expect(worst <= 8, "the farthest channel")
        let outcome = client.end(SIGINT)
        let log = compositor.end().errors
        #expect(!log.contains("disconnected:"), "\(outcome) \(log)")
    }
}
