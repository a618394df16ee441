import DirectRendering
import Foundation
import SharedMemory
import TestSupport
import Testing

/// Real programs with real devices, compared with what was drawn: the screenshot has every pixel of it.
@Suite(.serialized, .needs("DRM device", !DRMDevice.nodes().isEmpty)) struct DeviceTests {
    let folder = RuntimeDirectory()

    // MARK: Helpers

    private func start(_ name: String, _ arguments: [String]) throws -> Running {
        try Running(name, arguments, in: folder, environment: ["WAYLAND_DISPLAY": "test"])
    }

    /// Takes screenshots until the window's content is as `matches` wants it.
    private func shows(_ width: Int, _ height: Int, _ matches: ([[UInt32]]) -> Bool) throws -> Bool {
        try eventually {
            let picture = try folder.screenshot()
            guard let content = picture.windowContent(width, height) else { return false }
            return matches(content)
        }
    }

    /// A node of `driver` that makes dumb buffers.
    private func card(_ driver: String) throws -> String { try #require(TestDevices.graphics(driver)).path }

    // MARK: prime

    /// As the sample draws it at some time.
    private func squares(_ x: Int, _ y: Int, shift: Int) -> UInt32 {
        let (column, row) = (x + shift, y)
        let (red, green) = (UInt32(column % 32) * 4, UInt32(row % 32) * 4)
        return (column / 32 + row / 32) % 2 == 0 ? 0x2e3440 + red + green << 8 : 0x88c0d0 - green
    }

    @Test(arguments: ["vgem", "virtio_gpu", "vkms"], [[], ["--drm-device", "none"]])
    func primeIsShown(driver: String, options: [String]) throws {
        let compositor = try folder.compositor(options)
        let prime = try start("prime", ["--device", try card(driver), "--size", "200x150"])
        let isShown = try shows(200, 150) { content in
            (0..<64).contains { shift in
                (0..<150).allSatisfy { y in (0..<200).allSatisfy { content[y][$0] == squares($0, y, shift: shift) } }
            }
        }
        #expect(isShown)
        let outcome = prime.end()
        #expect(outcome.output.contains("makes dumb buffers and exports them"), "\(outcome)")
        #expect(outcome.output.contains("drawing into a dumb buffer of /dev/dri/card"), "\(outcome)")
        compositor.end()
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func `fences that never come take no lane from others`() throws {
        let scene = try HostileScene(folder)
        let client = try start("hostile-windows", ["fences", "128"])
        #expect(client.hears("done"))
        let prime = try start("prime", ["--device", try card("vgem"), "--size", "200x150"])
        try scene.live(milliseconds: 500)
        let isShown = try shows(200, 150) { content in
            (0..<64).contains { shift in
                (0..<150).allSatisfy { y in (0..<200).allSatisfy { content[y][$0] == squares($0, y, shift: shift) } }
            }
        }
        #expect(isShown)
        prime.end()
        client.killTree()
        try scene.finish(isEmulated: true)
    }

    @Test(.needs("udmabuf", TestDevices.hasUdmabuf))
    func `the smallest compositor takes dma-bufs too`() throws {
        let pixels = try MinimalCompositorTests.frame(in: folder, shownBy: "prime", ["--device", try card("vgem")])
        #expect(Set(pixels).count > 50)
    }

    // MARK: Videos

    /// The pipeline by descriptors alone: frame, V4L2 converter, V4L2 encoder.
    @Test(.needs("vim2m with XR24, and vicodec", TestDevices.convertsFrames && TestDevices.encoder != nil))
    func `frames go through a converter and an encoder without a copy`() throws {
        let compositor = try folder.compositor(["--output", "640x360"])
        let client = try start("simple-shm", ["--size", "64x48"])
        let video = folder.path + "/video.fwht"
        let (converter, encoder) = (try #require(TestDevices.converter), try #require(TestDevices.encoder))
        let devices = ["--converter", converter.path, "--encoder", encoder.path]
        let recorder = try Running("signet", ["record", "--socket", "test"] + devices + [video], in: folder)
        let begins = eventually {
            ((try? FileManager.default.attributesOfItem(atPath: video)[.size] as? Int) ?? 0) > 10_000
        }
        try #require(begins, "\(recorder.end(SIGINT))")
        let maps = try Program.run("/bin/cat", ["/proc/\(recorder.identifier)/maps"], in: nil).output
        let frames = maps.split(separator: "\n").filter { $0.contains("signet-frame") }
        #expect(!frames.isEmpty && frames.allSatisfy { $0.contains(" r--s ") }, "\(frames)")
        #expect(!maps.contains("signet-picture"))
        let outcome = recorder.end(SIGINT)
        #expect(outcome.status == 0, "\(outcome)")
        // FWHT's magic numbers before each picture; the kernel's codec-fwht.h.
        let bytes = try Data(contentsOf: URL(filePath: video))
        #expect(bytes.starts(with: [0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xff, 0xff, 0xff]))
        client.end()
        compositor.end()
    }

    @Test(.needs("vim2m with XR24", TestDevices.convertsFrames))
    func `a converter that doesn't make what is encoded is refused`() throws {
        let compositor = try folder.compositor(["--output", "320x240"])
        let converter = try #require(TestDevices.converter)
        let arguments = ["record", "--socket", "test", "--converter", converter.path, folder.path + "/video.mp4"]
        let outcome = try Program.run("signet", arguments, in: folder)
        #expect(outcome.status == 1 && outcome.errors.contains("NV12"), "\(outcome)")
        compositor.end()
    }

    @Test(.needs("vgem", TestDevices.graphics("vgem") != nil))
    func `frames in a device's memory are the same to the command's users`() throws {
        let compositor = try folder.compositor(["--frame-memory", "dumb:\(try card("vgem"))", "--output", "400x300"])
        let prime = try start("prime", ["--device", try card("vgem"), "--size", "200x150"])
        let isShown = try shows(200, 150) { content in
            (0..<64).contains { shift in
                (0..<150).allSatisfy { y in (0..<200).allSatisfy { content[y][$0] == squares($0, y, shift: shift) } }
            }
        }
        #expect(isShown)
        prime.end()
        compositor.end()
    }

    // MARK: udmabuf

    @Test(.needs("udmabuf", TestDevices.hasUdmabuf))
    func theSamePixelsAreShownBothWays() throws {
        let compositor = try folder.compositor()
        let client = try start("udmabuf", ["--size", "200x80"])
        let isShown = try shows(200, 80) { content in
            (0..<80).contains { bar in
                (0..<80).allSatisfy { y in
                    (0..<200).allSatisfy { x in
                        let column = x % 100
                        let plain = UInt32(column * 255 / 100) << 16 | UInt32(y * 255 / 80) << 8 | 0x60
                        return content[y][x] == (abs(y - bar) < 4 ? 0xeceff4 : plain)
                    }
                }
            }
        }
        #expect(isShown)
        client.end()
        compositor.end()
    }

    // MARK: camera

    @Test(
        .needs("camera", TestDevices.camera(isMultiPlanar: true) != nil),
        arguments: ["YUYV", "NV12", "NM12", "UYVY", "NV16", "YM12", "XR24"],
        [false, true]
    )
    func whatTheCameraSeesIsShown(format: String, imports: Bool) throws {
        let (width, height) = (320, 180)
        let compositor = try folder.compositor()
        let file = folder.path + "/frame"
        let options = ["--format", format, "--size", "\(width)x\(height)", "--frames", "5", "--save", file]
        let camera = try start("camera", options + (imports ? ["--import", "--graphics", try card("vgem")] : []))
        let isSaved = eventually { FileManager.default.fileExists(atPath: file) }
        #expect(isSaved)
        if isSaved {
            let frame = CapturedPicture(Array(try Data(contentsOf: URL(filePath: file))), format, width, height)
            var worst = 255
            _ = try shows(width, height) { content in
                worst = frame.difference(from: content)
                return worst <= frame.tolerance
            }
            #expect(worst <= frame.tolerance, "the farthest channel")
        }
        let outcome = camera.end()
        #expect(outcome.output.contains("captures \(format), which the compositor shows"), "\(outcome)")
        if imports { #expect(outcome.output.contains("capturing into memory of /dev/dri/card"), "\(outcome)") }
        compositor.end()
    }

    @Test(.needs("camera", TestDevices.camera(isMultiPlanar: false) != nil))
    func westonsCameraClientIsShown() throws {
        let name = "weston-simple-dmabuf-v4l"
        guard let path = Program.installedPath(of: name) else { return Program.notInstalled(name) }
        let compositor = try folder.compositor(["--output", "700x420"])
        let device = try #require(TestDevices.camera(isMultiPlanar: false)).path
        let client = try start(path, ["-v", device, "-f", "YUYV"])
        let isShown = try eventually {
            let picture = try folder.screenshot()
            return picture.hasRow(of: Picture.cameraBars)
        }
        #expect(isShown)
        client.end()
        compositor.end()
    }

    // MARK: The tour

    @Test func theTourIsRightAboutThisKernel() throws {
        let outcome = try Running("shared-memory-tour", [], in: folder).finish()
        #expect(outcome.status == 0, "\(outcome)")
        for exporter in ["udmabuf", "system", "drm", "virtio_gpu"] {
            #expect(outcome.output.contains("exp_name: \(exporter)\n"), "\(exporter)")
        }
    }

    // MARK: Where there is nothing

    @Test(arguments: [
        ("prime", ["--device", "/dev/null"], "/dev/null: DRM_IOCTL_VERSION: No such device"),
        ("camera", ["--device", "/dev/null"], "/dev/null: VIDIOC_QUERYCAP: Inappropriate ioctl for device"),
        ("camera", ["--format", "NONE"], "no device captures NONE"),
    ])
    func whatIsMissingIsSaid(name: String, options: [String], message: String) throws {
        let compositor = try folder.compositor()
        let outcome = try start(name, options).finish()
        #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome)")
        compositor.end()
    }
}

/// A camera's picture as it was written into a file, converted pixel by pixel with real numbers.
private struct CapturedPicture {
    private let bytes: [UInt8]
    private let format: String
    private let width: Int
    private let height: Int

    init(_ bytes: [UInt8], _ format: String, _ width: Int, _ height: Int) {
        self.bytes = bytes
        self.format = format
        self.width = width
        self.height = height
    }

    /// How far a channel may be off.
    var tolerance: Int { format == "XR24" ? 0 : 2 }

    /// Rows follow each other without gaps here, and planes too.
    private func components(_ x: Int, _ y: Int) -> (y: UInt8, u: UInt8, v: UInt8) {
        let (pair, luma) = (x / 2, y * width + x)
        switch format {
        case "YUYV":
            let start = y * width * 2 + pair * 4
            return (bytes[start + x % 2 * 2], bytes[start + 1], bytes[start + 3])
        case "UYVY":
            let start = y * width * 2 + pair * 4
            return (bytes[start + 1 + x % 2 * 2], bytes[start], bytes[start + 2])
        case "NV12", "NM12":
            let start = width * height + y / 2 * width + pair * 2
            return (bytes[luma], bytes[start], bytes[start + 1])
        case "NV16":
            let start = width * height + y * width + pair * 2
            return (bytes[luma], bytes[start], bytes[start + 1])
        default:
            let (start, size) = (width * height + y / 2 * (width / 2) + pair, width / 2 * (height / 2))
            return (bytes[luma], bytes[start], bytes[start + size])
        }
    }

    /// BT.601, limited range, as pictures of this size have it.
    private func color(_ x: Int, _ y: Int) -> [Int] {
        if format == "XR24" {
            let start = (y * width + x) * 4
            return [Int(bytes[start + 2]), Int(bytes[start + 1]), Int(bytes[start])]
        }
        let part = components(x, y)
        let (luma, blue, red) = (
            (Double(part.y) - 16) / 219, (Double(part.u) - 128) / 224, (Double(part.v) - 128) / 224
        )
        let (kr, kb) = (0.299, 0.114)
        let r = luma + 2 * (1 - kr) * red
        let b = luma + 2 * (1 - kb) * blue
        let g = (luma - kr * r - kb * b) / (1 - kr - kb)
        return [r, g, b].map { Int((min(1, max(0, $0)) * 255).rounded()) }
    }

    /// The farthest that a channel of the shown picture is off.
    func difference(from content: [[UInt32]]) -> Int {
        var worst = 0
        for y in 0..<height {
            for x in 0..<width {
                let shown = content[y][x]
                let channels = [Int(shown >> 16), Int(shown >> 8 & 0xff), Int(shown & 0xff)]
                for (one, other) in zip(channels, color(x, y)) { worst = max(worst, abs(one - other)) }
            }
        }
        return worst
    }
}
